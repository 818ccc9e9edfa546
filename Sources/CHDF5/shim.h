// libhdf5 for Swift. `chdf5_` names what this header adds to it.

#include <hdf5.h>

// Values that libhdf5 hides behind macros which call functions; Swift does not see those.
static inline hid_t chdf5_dataset_create_class(void) { return H5P_DATASET_CREATE; }
static inline hid_t chdf5_file_create_class(void) { return H5P_FILE_CREATE; }
static inline hid_t chdf5_file_access_class(void) { return H5P_FILE_ACCESS; }
static inline hid_t chdf5_group_create_class(void) { return H5P_GROUP_CREATE; }
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
static inline unsigned chdf5_truncate(void) { return H5F_ACC_TRUNC; }
static inline int chdf5_silence(void) { return H5Eset_auto2(H5E_DEFAULT, NULL, NULL) < 0 ? -1 : 0; }

// The deepest entry of this thread's error stack, as text; clears the stack.
struct chdf5_text {
    char *bytes;
    size_t size;
};
static inline herr_t chdf5_keep_deepest(unsigned depth, const H5E_error2_t *entry, void *context) {
    struct chdf5_text *text = (struct chdf5_text *)context;
    if (depth == 0 && entry->desc && text->size > 0) {
        size_t i = 0;
        for (; i + 1 < text->size && entry->desc[i]; i++)
            text->bytes[i] = entry->desc[i];
        text->bytes[i] = 0;
    }
    return 0;
}
static inline void chdf5_last_failure(char *bytes, size_t size) {
    struct chdf5_text text = {bytes, size};
    if (size > 0)
        bytes[0] = 0;
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, chdf5_keep_deepest, &text);
    H5Eclear2(H5E_DEFAULT);
}
