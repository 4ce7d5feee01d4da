// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.schedule;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Runs simulated threads, one at a time, and decides at every access that another of them could
 * notice who makes the next one. Also keeps their time, which passes only while nobody can run.
 *
 * <p>A run is: {@link #restart}, {@link #spawn} for each thread, {@link #run}. Whatever happens
 * before and after {@code run} decides nothing.
 */
public final class Scheduler {

  /** A wait as long as this is one for ever: nobody counts on the periodic look at the peer. */
  private static final long FOR_EVER_NANOS = 3_600_000_000_000L;

  /** More than any run takes that ends. */
  private static final int MOST_MOMENTS = 20_000;

  /** Keys of things that processes do not share: what they are, and whose. */
  private static final int KEYS_OF_PROCESS = 1024;

  private static final int MOST_PROCESSES = 3;

  /** The process of threads that belong to none: the kernel's, a hypervisor's. */
  public static final int NOBODY = MOST_PROCESSES - 1;

  /** In place of the key of what is accessed: everything that own stores are about to reach. */
  private static final int OWN_STORES = -1;

  private final Pages pages = new Pages(this);
  private final Visibility visibility =
      new Visibility(Pages.KEYS + MOST_PROCESSES * KEYS_OF_PROCESS);
  private final List<Task> tasks = new ArrayList<>();
  private final Deque<Task> spare = new ArrayDeque<>();
  private final int[] locks = new int[MOST_PROCESSES];
  private final @Nullable Runnable[] deaths = new @Nullable Runnable[MOST_PROCESSES];
  private final Picks picks = new Picks();
  private @Nullable Strategy strategy;
  private @Nullable Trace trace;
  private @Nullable Task current;
  private @Nullable Task next;
  private @Nullable Task last;
  private @Nullable String failure;
  private boolean over;
  private int moment;
  private long clock;

  /** What was decided in this run, but for going on. */
  Picks picks() {
    return picks;
  }

  Visibility visibility() {
    return visibility;
  }

  /**
   * The memory that processes share.
   *
   * @return pages
   */
  public Pages pages() {
    return pages;
  }

  void restart(Strategy newStrategy, @Nullable Trace newTrace) {
    strategy = newStrategy;
    trace = newTrace;
    picks.clear();
    pages.reset();
    // The others were left in the middle for ever.
    tasks.stream().filter(task -> task.ended).forEach(spare::push);
    tasks.clear();
    for (int process = 0; process < MOST_PROCESSES; process++) {
      locks[process] = 0;
      deaths[process] = null;
    }
    current = null;
    next = null;
    last = null;
    failure = null;
    over = false;
    moment = 0;
    clock = 1;
  }

  /**
   * Adds a thread.
   *
   * @param process which process it is of, 0 or 1
   * @param name how traces call it
   * @param body what it does; must not throw
   */
  public void spawn(int process, String name, Runnable body) {
    add(process, name, body);
  }

  private Task add(int process, String name, Runnable body) {
    Task task = spare.isEmpty() ? new Task() : spare.pop();
    task.begin(tasks.size(), process, name);
    task.coroutine.prepare(
        () -> {
          try {
            body.run();
          } catch (RuntimeException | Error e) {
            fail(name + " threw " + e);
          }
          task.ended = true;
        });
    tasks.add(task);
    return task;
  }

  Thread start(Runnable body) {
    Task task = running();
    return add(task.process, task.name + "'s", body).thread;
  }

  /**
   * Lets a process die, once, at any moment at which there is something to decide. Its threads
   * never go on.
   *
   * @param process which
   * @param then what its kernel does
   */
  public void mayDie(int process, Runnable then) {
    deaths[process] = then;
  }

  /**
   * Notes what must not happen; the run goes on.
   *
   * @param what happened
   */
  public void fail(String what) {
    if (failure == null) {
      failure = what;
    }
  }

  /**
   * Runs all threads until none can run any more.
   *
   * @return what went wrong, or null; that threads are left is not wrong by itself
   */
  @Nullable String run() {
    while (!over) {
      Task task = next != null ? next : pickNext();
      if (task == null) {
        break;
      }
      next = null;
      current = task;
      last = task;
      task.coroutine.resume();
      current = null;
    }
    for (Task task : tasks) {
      task.stores.drainAll(pages);
    }
    return failure;
  }

  /**
   * The threads of processes that have neither ended nor died with their process.
   *
   * @return their names
   */
  public List<String> left() {
    return tasks.stream()
        .filter(task -> !task.ended && !task.dead && task.process != NOBODY)
        .map(task -> task.name)
        .toList();
  }

  /**
   * Whether a process has died.
   *
   * @param process which
   * @return true from the moment of its death on
   */
  public boolean isDead(int process) {
    return tasks.stream().anyMatch(task -> task.process == process && task.dead);
  }

  /**
   * Blocks the running thread until somebody {@linkplain #wake wakes} those who wait for this.
   *
   * @param thing what to wait for
   */
  public void await(Object thing) {
    running().waitsFor = thing;
    block(Task.NEVER);
    running().waitsFor = null;
  }

  /**
   * Wakes everybody who waits for a thing.
   *
   * @param thing what they wait for
   */
  public void wake(Object thing) {
    for (Task task : tasks) {
      if (task.blocked && task.waitsFor == thing) {
        unblock(task);
      }
    }
  }

  /** Whoever ran last has blocked or ended: somebody else, in turn. */
  private @Nullable Task pickNext() {
    for (; ; ) {
      int ready = 0;
      for (Task task : tasks) {
        if (task.canRun()) {
          ready++;
        }
      }
      if (ready == 0) {
        if (!passTime()) {
          return null;
        }
        continue;
      }
      tick();
      if (over) {
        return null;
      }
      int pick = choose(ready, ready + mortals());
      if (pick >= ready) {
        kill(pick - ready);
        continue;
      }
      return readyTask(pick, null);
    }
  }

  /** The n-th that can run, counted from the one after the last that ran. */
  private Task readyTask(int n, @Nullable Task except) {
    int first = last == null ? 0 : last.number + 1;
    int left = n;
    for (int i = 0; i < tasks.size(); i++) {
      Task task = tasks.get((first + i) % tasks.size());
      if (task.canRun() && task != except && left-- == 0) {
        return task;
      }
    }
    throw new AssertionError("nobody can run");
  }

  /** Ends the wait that ends first; false if none ever does. */
  private boolean passTime() {
    Task first = null;
    for (Task task : tasks) {
      if (task.blocked && !task.dead && (first == null || task.wakeAt < first.wakeAt)) {
        first = task;
      }
    }
    if (first == null || first.wakeAt == Task.NEVER) {
      return false;
    }
    clock = Math.max(clock, first.wakeAt);
    unblock(first);
    return true;
  }

  /** One more moment at which something may be decided; numbered, so that a run can be repeated. */
  private void tick() {
    if (++moment > MOST_MOMENTS && !over) {
      fail("it goes on without end");
      over = true;
      if (current != null) {
        Coroutine.pause();
      }
    }
  }

  private int choose(int free, int all) {
    int pick = all == 1 || strategy == null ? 0 : strategy.choose(moment, free, all);
    if (pick != 0) {
      picks.add(moment, pick);
    }
    return pick;
  }

  private int mortals() {
    int count = 0;
    for (Runnable death : deaths) {
      if (death != null) {
        count++;
      }
    }
    return count;
  }

  private void kill(int n) {
    int left = n;
    for (int process = 0; process < MOST_PROCESSES; process++) {
      Runnable death = deaths[process];
      if (death != null && left-- == 0) {
        note("process %d dies", process, 0);
        deaths[process] = null;
        for (Task task : tasks) {
          if (task.process == process) {
            task.dead = true;
            // What it has stored is stored.
            task.stores.drainAll(pages);
          }
        }
        add(NOBODY, "kernel", death);
        return;
      }
    }
  }

  Task running() {
    if (current == null) {
      throw new IllegalStateException("outside a run");
    }
    return current;
  }

  boolean isRunning() {
    return current != null;
  }

  long now() {
    return clock;
  }

  /** For the trace, if there is one: the numbers are put into the text only then. */
  void note(String what, long first, long second) {
    if (trace != null) {
      trace.add(moment, current, what.formatted(first, second));
    }
  }

  int newLockKey() {
    // A lock is made by its process, in the order of its constructors, in every run.
    int process = current == null ? NOBODY : current.process;
    return keyOf(process, KEYS_OF_PROCESS - 1 - locks[process]++ % 64);
  }

  private static int keyOf(int process, int thing) {
    return Pages.KEYS + process * KEYS_OF_PROCESS + thing;
  }

  /**
   * Before an access to something of the simulated system.
   *
   * @param thing what, 0 to 63
   */
  public void systemCall(int thing) {
    access(keyOf(NOBODY, thing), true);
  }

  /** Before an access to something inside a process. */
  void local(int thing, boolean store) {
    if (current != null) {
      access(keyOf(current.process, thing), store);
    }
  }

  /** Before an access to something that belongs to no process. */
  void global(int thing, boolean store) {
    access(keyOf(NOBODY, thing), store);
  }

  /** Before an access; the thread may be left here, and others run. */
  void access(int key, boolean store) {
    if (current == null) {
      return;
    }
    tick();
    visibility.note(key, store, current.number);
    if (visibility.isShared(key)) {
      decide(key);
    }
  }

  /** A store into the own buffer: nobody can notice it before it is drained. */
  void store(int key) {
    visibility.note(key, true, running().number);
  }

  /** Lets all own stores reach memory. */
  void drainOwn() {
    if (current == null || current.stores.isEmpty()) {
      return;
    }
    StoreBuffer own = current.stores;
    boolean noticed = false;
    for (int i = 0; i < own.size(); i++) {
      noticed |= visibility.isShared(own.keyOf(i));
    }
    tick();
    if (noticed) {
      decide(OWN_STORES);
    }
    own.drainAll(pages);
  }

  /** Everybody's stores so far reach memory. */
  void drainEverybody() {
    drainOwn();
    for (Task task : tasks) {
      task.stores.drainAll(pages);
    }
  }

  /**
   * Decides whether somebody else goes on, or a process dies; and which stores that others have
   * made before, to what is accessed now, have reached memory. Whoever comes back here after others
   * have run makes its access: to be left once more would be as if it had not come back.
   */
  private void decide(int accessed) {
    Task me = running();
    boolean fresh = true;
    for (; ; ) {
      int free = 1;
      int ready = 0;
      for (Task task : tasks) {
        if (task != me) {
          free += delayed(task, me, accessed) >= 0 ? 1 : 0;
          ready += task.canRun() ? 1 : 0;
        }
      }
      int pick = choose(free, fresh ? free + ready + mortals() : free);
      if (pick == 0) {
        return;
      }
      tick();
      if (pick < free) {
        drainOther(me, pick - 1, accessed);
        continue;
      }
      fresh = false;
      if (pick < free + ready) {
        next = readyTask(pick - free, me);
        note("is left before its next access", 0, 0);
      } else {
        kill(pick - free - ready);
        if (!me.dead) {
          continue;
        }
      }
      Coroutine.pause();
    }
  }

  /** The key of the oldest store of a task to what is accessed by another; -1 if there is none. */
  private static int delayed(Task task, Task me, int accessed) {
    StoreBuffer stores = task.stores;
    for (int i = 0; i < stores.size(); i++) {
      int key = stores.keyOf(i);
      if (accessed == OWN_STORES ? me.stores.touches(key) : accessed == key) {
        return key;
      }
    }
    return -1;
  }

  private void drainOther(Task me, int n, int accessed) {
    int left = n;
    for (Task task : tasks) {
      int key = task == me ? -1 : delayed(task, me, accessed);
      if (key >= 0 && left-- == 0) {
        note("sees a delayed store of task %d", task.number, 0);
        task.stores.drainThrough(key, pages);
        return;
      }
    }
  }

  /** Blocks the running thread until somebody unblocks it, or the time is over. */
  void block(long nanos) {
    Task me = running();
    me.blocked = true;
    me.wakeAt = nanos >= FOR_EVER_NANOS ? Task.NEVER : clock + nanos;
    note("sleeps for %d ns at most", nanos, 0);
    Coroutine.pause();
  }

  void unblock(Task task) {
    task.blocked = false;
    task.wakeAt = Task.NEVER;
  }
}
