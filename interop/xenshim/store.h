// SPDX-License-Identifier: Apache-2.0
/* What a connection to the store is, for store.c and watch.c. */
#ifndef STORE_H
#define STORE_H

#include "shim.h"

struct xs_handle {
    unsigned life;
    struct watches watches;
    struct transaction *transactions;
    uint32_t last_transaction;
};

#endif
