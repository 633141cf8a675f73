#include <periodic.h>
