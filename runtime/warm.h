/* Have the bytes that nearly every program reads first read ahead. */
#ifndef SIF_RUNTIME_WARM_H
#define SIF_RUNTIME_WARM_H

/* Ask for the loader and the C library of the image, if they are where they
 * usually are. Waits for their names only: the image server reads and unpacks
 * the bytes while the launch goes on. Costs nothing that a dynamic program
 * would not cost later; a static one wastes it. */
void warm_loader(int root_fd);

#endif
