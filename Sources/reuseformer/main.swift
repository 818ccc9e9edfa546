print("reuseformer")
