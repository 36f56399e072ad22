// The library's headers look for <bson/bson.h> in a folder of its package that only pkg-config names, and
// pkg-config would have the library linked, too.
#include <libbson-1.0/bson/bson.h>
