// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.schedule;

import java.util.Arrays;

/**
 * The stores of one thread that only it can see so far, oldest first, as a processor of the x86
 * family keeps them: they reach memory in their order, at any later moment, and at the latest at a
 * fence or an atomic update. Stores are kept byte by byte with their number, so that a word becomes
 * visible at once.
 */
final class StoreBuffer {

  private int[] locations = new int[64];
  private int[] keys = new int[64];
  private byte[] values = new byte[64];
  private boolean[] lastOfStore = new boolean[64];
  private int size;

  boolean isEmpty() {
    return size == 0;
  }

  void add(int location, int key, long value, int width) {
    if (size + width > locations.length) {
      int length = 2 * (size + width);
      locations = Arrays.copyOf(locations, length);
      keys = Arrays.copyOf(keys, length);
      values = Arrays.copyOf(values, length);
      lastOfStore = Arrays.copyOf(lastOfStore, length);
    }
    for (int i = 0; i < width; i++) {
      locations[size] = location + i;
      keys[size] = key;
      values[size] = (byte) (value >>> (i * Byte.SIZE));
      lastOfStore[size] = i == width - 1;
      size++;
    }
  }

  /** The byte its own thread sees at a location: the youngest store's, else memory's. */
  byte forward(int location, byte inMemory) {
    for (int i = size - 1; i >= 0; i--) {
      if (locations[i] == location) {
        return values[i];
      }
    }
    return inMemory;
  }

  boolean touches(int key) {
    for (int i = 0; i < size; i++) {
      if (keys[i] == key) {
        return true;
      }
    }
    return false;
  }

  int keyOf(int store) {
    return keys[store];
  }

  int size() {
    return size;
  }

  /** Lets the oldest stores reach memory, up to the first that touches {@code key}, included. */
  void drainThrough(int key, Pages pages) {
    int count = 0;
    while (keys[count] != key) {
      count++;
    }
    while (!lastOfStore[count]) {
      count++;
    }
    drain(count + 1, pages);
  }

  void drainAll(Pages pages) {
    drain(size, pages);
  }

  private void drain(int count, Pages pages) {
    for (int i = 0; i < count; i++) {
      pages.put(locations[i], values[i]);
    }
    int left = size - count;
    if (left > 0) {
      System.arraycopy(locations, count, locations, 0, left);
      System.arraycopy(keys, count, keys, 0, left);
      System.arraycopy(values, count, values, 0, left);
      System.arraycopy(lastOfStore, count, lastOfStore, 0, left);
    }
    size = left;
  }

  void clear() {
    size = 0;
  }
}
