// Debian's node-llhttp installs the parser as sources, outside the compiler's search path.
#include "/usr/share/include/llhttp/llhttp.h"
