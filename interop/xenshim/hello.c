// SPDX-License-Identifier: Apache-2.0
/*
 * The first bytes each way on an event socket, little-endian:
 *
 *    0  magic "vchanevt"      16  own port     u32
 *    8  version  u16          20  peer's port  u32
 *   10  status   u16          24  required features  u32
 *   12  own domain   u16      28  optional features  u32
 *   14  peer's domain  u16
 */
#include "shim.h"

#define VERSION 1

static const uint8_t magic[8] = {'v', 'c', 'h', 'a', 'n', 'e', 'v', 't'};

void put16(uint8_t *at, uint16_t value) {
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

void put32(uint8_t *at, uint32_t value) {
    put16(at, (uint16_t)value);
    put16(at + 2, (uint16_t)(value >> 16));
}

uint16_t get16(const uint8_t *at) {
    return (uint16_t)(at[0] | at[1] << 8);
}

uint32_t get32(const uint8_t *at) {
    return get16(at) | (uint32_t)get16(at + 2) << 16;
}

void hello_encode(const struct hello *hello, uint8_t bytes[HELLO_BYTES]) {
    memset(bytes, 0, HELLO_BYTES);
    memcpy(bytes, magic, sizeof magic);
    put16(bytes + 8, VERSION);
    put16(bytes + 10, hello->status);
    put16(bytes + 12, hello->from);
    put16(bytes + 14, hello->to);
    put32(bytes + 16, hello->from_port);
    put32(bytes + 20, hello->to_port);
}

bool hello_decode(const uint8_t bytes[HELLO_BYTES], struct hello *hello) {
    hello->status = get16(bytes + 10);
    hello->from = get16(bytes + 12);
    hello->to = get16(bytes + 14);
    hello->from_port = get32(bytes + 16);
    hello->to_port = get32(bytes + 20);
    return memcmp(bytes, magic, sizeof magic) == 0 && get16(bytes + 8) == VERSION &&
           get32(bytes + 24) == 0;
}
