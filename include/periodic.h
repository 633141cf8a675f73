#ifndef PERIODIC_H
#define PERIODIC_H
#endif
