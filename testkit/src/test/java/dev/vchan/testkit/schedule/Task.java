// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.schedule;

/** One simulated thread; when it has ended, another one in its place. */
final class Task {

  /** For a wait without an end. */
  static final long NEVER = Long.MAX_VALUE;

  final Coroutine coroutine = new Coroutine();
  final StoreBuffer stores = new StoreBuffer();

  /** What {@link Thread#currentThread} is inside: never started, it only stands for this task. */
  final Standin thread = new Standin(this);

  int number;
  int process;
  String name = "";
  boolean ended;
  boolean dead;

  /** Not to be chosen before somebody unblocks it, or {@link #wakeAt} comes. */
  boolean blocked;

  long wakeAt = NEVER;
  boolean permit;
  Object waitsFor;

  void begin(int newNumber, int newProcess, String newName) {
    number = newNumber;
    process = newProcess;
    name = newName;
    stores.clear();
    ended = false;
    dead = false;
    blocked = false;
    wakeAt = NEVER;
    permit = false;
    waitsFor = null;
  }

  boolean canRun() {
    return !ended && !dead && !blocked;
  }

  @Override
  public String toString() {
    return name;
  }

  /** A thread object that leads to its task. */
  static final class Standin extends Thread {

    final Task task;

    Standin(Task task) {
      this.task = task;
    }
  }
}
