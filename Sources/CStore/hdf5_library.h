// libhdf5, loaded on demand. Debian's build depends on 30 more libraries, five megabytes and as
// many milliseconds; a single-threaded process that only reads leaves them to its child.
#ifndef HDF5_LIBRARY_H
#define HDF5_LIBRARY_H

#define H5_USE_110_API
#if __has_include(<hdf5.h>)
#include <hdf5.h>
#else
#include <hdf5/serial/hdf5.h>
#endif
#if __has_include(<H5FDdevelop.h>)
#include <H5FDdevelop.h>
#elif __has_include(<hdf5/serial/H5FDdevelop.h>)
#include <hdf5/serial/H5FDdevelop.h>
#endif

// Constants call the library first, which is already open by then.
#undef H5CHECK
#undef H5OPEN
#define H5CHECK
#define H5OPEN

// Every function of the library used here, without the prefix H5.
#define ZOO_HDF5_FUNCTIONS(F)                                                                  \
  F(Aclose) F(Acreate_by_name) F(Aget_space) F(Aget_type) F(Aiterate2) F(Aopen) F(Aread)       \
  F(Awrite) F(Dclose) F(Dcreate2) F(Dget_chunk_info) F(Dget_create_plist) F(Dget_num_chunks)   \
  F(Dget_offset) F(Dget_space) F(Dget_storage_size) F(Dget_type) F(Dopen2) F(Dread) F(Dwrite)  \
  F(Eset_auto2) F(FDregister) F(FDunregister) F(Fclose) F(Fcreate) F(Fopen) F(Gclose)          \
  F(Gcreate2) F(Gget_create_plist) F(Gopen2) F(Literate) F(Lunregister) F(Oget_info2)          \
  F(Oget_info_by_name2) F(PLset_loading_state) F(Pclose) F(Pcreate) F(Pget_chunk)              \
  F(Pget_driver_info) F(Pget_external_count) F(Pget_filter2) F(Pget_layout)                    \
  F(Pget_link_creation_order) F(Pget_nfilters) F(Pset_alignment) F(Pset_alloc_time)            \
  F(Pset_chunk) F(Pset_deflate) F(Pset_driver) F(Pset_file_locking) F(Pset_fill_time)          \
  F(Pset_layout) F(Pset_libver_bounds) F(Pset_link_creation_order) F(Pset_obj_track_times)     \
  F(Pset_shuffle) F(Sclose) F(Screate) F(Screate_simple) F(Sget_simple_extent_dims)            \
  F(Sget_simple_extent_ndims) F(Sget_simple_extent_type) F(Tclose) F(Tcopy) F(Tequal)          \
  F(Tget_class) F(Tget_cset) F(Tget_nmembers) F(Tget_order) F(Tget_size) F(Tget_strpad)        \
  F(Tget_super) F(Tis_variable_str) F(Tset_cset) F(Tset_ebias) F(Tset_fields) F(Tset_size)     \
  F(Tset_strpad) F(free_memory) F(get_libversion) F(open)
// Handles that the library creates when it opens.
#define ZOO_HDF5_HANDLES(F)                                                                    \
  F(P_CLS_DATASET_CREATE_ID_g) F(P_CLS_FILE_ACCESS_ID_g) F(P_CLS_FILE_CREATE_ID_g)             \
  F(P_CLS_GROUP_CREATE_ID_g) F(T_C_S1_g) F(T_IEEE_F32LE_g) F(T_IEEE_F64LE_g) F(T_STD_I16LE_g)  \
  F(T_STD_I32LE_g) F(T_STD_I64LE_g) F(T_STD_I8LE_g) F(T_STD_U16LE_g) F(T_STD_U32LE_g)          \
  F(T_STD_U64LE_g) F(T_STD_U8LE_g)

typedef struct {
#define F(name) __typeof__(H5##name) *name;
  ZOO_HDF5_FUNCTIONS(F)
  ZOO_HDF5_HANDLES(F)
#undef F
} zoo_hdf5_library;

extern zoo_hdf5_library h5;

/// Whether the library is installed in the headers' version and opens without errors. Call it
/// between the locks, or in a process with one thread.
int zoo_hdf5_load(void);

#endif
