// Gives the functions of a library, which FUNCTIONS names one by one, other names for the linker, before
// the library's own header declares them. Their types are those of that header. What calls them is then
// bound to the forwarders of driver_forward.h, and an executable that links the library itself is not disturbed.

#ifndef TRANCHE_CDRIVER_RENAME_H
#define TRANCHE_CDRIVER_RENAME_H

#define TRANCHE_PRAGMA(words) _Pragma(#words)
#define TRANCHE_RENAME(name) TRANCHE_PRAGMA(redefine_extname name tranche_late_##name)

#endif
