// Which major version of oneDNN this is built for, and what the loader wants of the one file that
// meets that version: version2.c, which also defines the layouts and operations of COneDNN.h.
#ifndef ZOO_DNN_LIBRARY_H
#define ZOO_DNN_LIBRARY_H

#if !defined(ZOO_NO_ONEDNN) && __has_include(<oneapi/dnnl/dnnl_version.h>)
#include <oneapi/dnnl/dnnl_version.h>
// Of the versions there is a file for; with none, absent.c answers.
#if DNNL_VERSION_MAJOR == 2
#define ZOO_DNN_MAJOR DNNL_VERSION_MAJOR
#endif
#endif

#ifdef ZOO_DNN_MAJOR
#include "COneDNN.h"

/// Looks up the functions of the library that was loaded, notes its version and instruction set,
/// and prepares it to run. Null, else the end of a sentence that begins with the library's name.
const char *zoo_dnn_connect(void *loaded, zoo_dnn_library *library);
#endif

#endif
