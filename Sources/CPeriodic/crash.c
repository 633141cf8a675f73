/* The Swift run time handles crashes of the whole process, by signals, wherever it finds its program
 * swift-backtrace. A library leaves that to its host: the run time that is linked into it takes this for its
 * own function, and installs nothing. */
int _swift_installCrashHandler(void);
int _swift_installCrashHandler(void) { return 0; }
