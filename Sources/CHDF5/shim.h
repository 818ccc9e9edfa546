#include <hdf5.h>

// Values that libhdf5 hides behind macros which call functions; Swift does not see those.
static inline hid_t chdf5_dataset_create_class(void) { return H5P_DATASET_CREATE; }
static inline hid_t chdf5_file_create_class(void) { return H5P_FILE_CREATE; }
static inline hid_t chdf5_file_access_class(void) { return H5P_FILE_ACCESS; }
static inline hid_t chdf5_group_create_class(void) { return H5P_GROUP_CREATE; }
static inline hid_t chdf5_link_create_class(void) { return H5P_LINK_CREATE; }
static inline hid_t chdf5_f32le(void) { return H5T_IEEE_F32LE; }
static inline hid_t chdf5_f64le(void) { return H5T_IEEE_F64LE; }
static inline hid_t chdf5_integer_le(int bytes, int is_signed) {
    switch (bytes) {
    case 1: return is_signed ? H5T_STD_I8LE : H5T_STD_U8LE;
    case 2: return is_signed ? H5T_STD_I16LE : H5T_STD_U16LE;
    case 4: return is_signed ? H5T_STD_I32LE : H5T_STD_U32LE;
    default: return is_signed ? H5T_STD_I64LE : H5T_STD_U64LE;
    }
}
static inline hid_t chdf5_c_string(void) { return H5T_C_S1; }
static inline hsize_t chdf5_unlimited(void) { return H5S_UNLIMITED; }
static inline int chdf5_silence(void) { return H5Eset_auto2(H5E_DEFAULT, NULL, NULL) < 0 ? -1 : 0; }
