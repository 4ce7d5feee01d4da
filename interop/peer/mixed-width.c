// SPDX-License-Identifier: Apache-2.0
//
// mixed-width FILE: the C side of the word at offset 20. As libxenvchan does as a server, it sets
// the bits of cli_notify and clears those of srv_notify, each with an atomic update of one byte, as
// fast as it can, until the word at offset STOP is no longer 0. Says how often it set a bit that
// was clear and cleared one that was set, and how many updates that took:
//
//   WRITE_SET READ_SET WRITE_CLEARED READ_CLEARED UPDATES
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, CLI_NOTIFY = 22, SRV_NOTIFY = 23, STARTED = 64, STOP = 128 };

enum { BITS = 2, LIFETIME_SECONDS = 600 };

int main(int count, char **words)
{
    alarm(LIFETIME_SECONDS);
    int file = count == 2 ? open(words[1], O_RDWR) : -1;
    unsigned char *page = MAP_FAILED;
    if (file >= 0)
        page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (page == MAP_FAILED) {
        perror(count == 2 ? words[1] : "mixed-width FILE");
        return 1;
    }
    volatile uint8_t *ask = page + CLI_NOTIFY;
    volatile uint8_t *answer = page + SRV_NOTIFY;
    volatile uint32_t *stop = (volatile uint32_t *)(page + STOP);
    uint64_t set[BITS] = {0};
    uint64_t cleared[BITS] = {0};
    uint64_t updates = 0;
    *(volatile uint32_t *)(page + STARTED) = 1;
    while (!*stop) {
        for (int i = 0; i < BITS; i++) {
            uint8_t bit = (uint8_t)(1 << i);
            if (!(*ask & bit)) {
                // Only this side sets it, so it is still clear. The library's own update, whose
                // result it does not use: the compiler makes one instruction of it.
                (void)__sync_or_and_fetch(ask, bit);
                set[i]++;
            } else if (!(__sync_fetch_and_or(ask, bit) & bit)) {
                // Cleared since the look, and set again.
                set[i]++;
            }
            if (__sync_fetch_and_and(answer, (uint8_t)~bit) & bit)
                cleared[i]++;
            updates += 2;
        }
    }
    printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", set[0], set[1],
           cleared[0], cleared[1], updates);
    return 0;
}
