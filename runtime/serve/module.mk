# the image server
