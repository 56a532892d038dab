/* A disk whose flush takes 5 ms: preload it (LD_PRELOAD) before a process that believes its flushes.
 *
 *   gcc -O2 -shared -fPIC -o slow_fsync.so slow_fsync.c -ldl
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>

static void wait_for_platter(void)
{
    struct timespec pause = {0, 5 * 1000 * 1000};
    nanosleep(&pause, 0);
}

int fsync(int fd)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    wait_for_platter();
    return real(fd);
}

int fdatasync(int fd)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    wait_for_platter();
    return real(fd);
}
