"""Numbers beside the pictures: do two maps agree, do they lie on the object, does the network really use them?"""
