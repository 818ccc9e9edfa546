import CH5Index

/// An open libhdf5 object, closed when it goes out of sight.
struct Handle: ~Copyable {
    let id: hid_t

    init(_ id: hid_t, _ path: [UInt8], _ doing: @autoclosure () -> String) throws(Refusal) {
        self.id = try checked(id, path, doing())
    }

    deinit {
        switch H5Iget_type(id) {
        case H5I_FILE: H5Fclose(id)
        case H5I_DATATYPE: H5Tclose(id)
        case H5I_DATASPACE: H5Sclose(id)
        case H5I_ATTR: H5Aclose(id)
        case H5I_GENPROP_LST: H5Pclose(id)
        default: H5Oclose(id)
        }
    }
}
