"""How many threads this process may keep busy."""
import math
import os


def _quota(path, parse):
    try:
        with open(path) as file:
            return parse(file.read())
    except (OSError, ValueError, ZeroDivisionError):
        return None


def _version2(text):
    quota, period = text.split()
    return None if quota == "max" else int(quota) / int(period)


def _version1(text):
    quota = int(text)
    with open("/sys/fs/cgroup/cpu/cpu.cfs_period_us") as file:
        return None if quota <= 0 else quota / int(file.read())


def default_threads():
    """The cores of the process's affinity, at most as many as its control group may use."""
    cores = len(os.sched_getaffinity(0))
    quota = _quota("/sys/fs/cgroup/cpu.max", _version2) or _quota("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", _version1)
    return max(1, min(cores, math.ceil(quota))) if quota else cores
