# packing: libarchive and libsquashfs live here
