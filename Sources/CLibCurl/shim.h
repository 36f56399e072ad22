#ifndef TRANCHE_CLIBCURL_SHIM_H
#define TRANCHE_CLIBCURL_SHIM_H

#include <curl/curl.h>

#endif
