"""Runs a program and says, as a line of JSON on descriptor 3, how it ended, how long it took, and its peak of resident memory.

By itself, and small: a process begins with the peak of whoever forked it, so the one that has all the peers in it would be what is
measured. Run it with `python3 -I -S`.
"""

import os
import sys
import time

began = time.monotonic()
child = os.fork()
if child == 0:
    os.close(3)
    os.execvp(sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(child, 0)
code = os.waitstatus_to_exitcode(status)
os.write(3, b'{"code": %d, "seconds": %.4f, "kilobytes": %d}\n' % (code, time.monotonic() - began, usage.ru_maxrss))
