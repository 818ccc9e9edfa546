print("reuseformer-h5index")
