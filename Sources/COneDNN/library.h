// Which major version of oneDNN this is built for, and what that version's file, version2.c, offers
// the loader. The file also defines the layouts and operations of COneDNN.h.
#ifndef ZOO_DNN_LIBRARY_H
#define ZOO_DNN_LIBRARY_H

#if !defined(ZOO_NO_ONEDNN) && __has_include(<oneapi/dnnl/dnnl_version.h>)
#include <oneapi/dnnl/dnnl_version.h>
// Undefined if no file supports the version: absent.c then takes its place.
#if DNNL_VERSION_MAJOR == 2
#define ZOO_DNN_MAJOR DNNL_VERSION_MAJOR
#endif
#endif

#ifdef ZOO_DNN_MAJOR
#include "COneDNN.h"

/// Looks up the functions of the loaded library, notes its version and instruction set, and
/// prepares it to run. Returns null, or the rest of an error message that begins with the library's
/// name.
const char *zoo_dnn_connect(void *loaded, zoo_dnn_library *library);
#endif

#endif
