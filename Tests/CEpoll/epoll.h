/* What Swift's Glibc module leaves out. */
#include <sys/epoll.h>
#include <sys/prctl.h>

/* Lets this thread's timers be as good as the system can; Swift cannot call variadic functions. */
static inline int set_timer_slack(void) { return prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0); }
