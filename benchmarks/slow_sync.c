/* Counts fsync and fdatasync of a process, and makes each take SLOW_SYNC_MS longer. Loaded by LD_PRELOAD.
   At the end the number is written to the file SLOW_SYNC_COUNT. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static long count, nanoseconds = -1;

static void wait_longer(void) {
    __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);
    if (nanoseconds < 0) {
        const char *text = getenv("SLOW_SYNC_MS");
        nanoseconds = text ? atol(text) * 1000000 : 0;
    }
    if (nanoseconds > 0) {
        struct timespec time = {0, nanoseconds};
        nanosleep(&time, NULL);
    }
}

#define WAITS(name)                                                    \
    int name(int descriptor) {                                         \
        static int (*real)(int);                                       \
        if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, #name);       \
        wait_longer();                                                 \
        return real(descriptor);                                       \
    }

WAITS(fsync)
WAITS(fdatasync)

__attribute__((destructor)) static void tell(void) {
    const char *path = getenv("SLOW_SYNC_COUNT");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (file) {
        fprintf(file, "%ld\n", count);
        fclose(file);
    }
}
