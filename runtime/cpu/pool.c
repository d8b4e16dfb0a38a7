/* The built-in thread pool.
 *
 * The tasks of a job are cut into one contiguous chunk for each thread (a thread keeps its rows and weights in its own
 * caches), and a chunk into a few pieces. A thread takes the pieces of its own chunk one by one, then those that others
 * have not begun: nobody waits for a thread that still sleeps or that the system has taken away. A piece is claimed by
 * counting down the chunk's word; as the job cannot end while a claimed piece is not done, a successful claim is all
 * that a thread needs to read the job, and one that comes late finds nothing to claim.
 *
 * A job of many short phases is cut in the same way, but a thread stays with its chunk from phase to phase, as what it
 * read is in its caches, and a phase ends at a barrier: whoever finishes the last chunk publishes the next phase. Only
 * a chunk whose thread has not begun it for a while is taken by others. Phases are numbered over the pool's life, so
 * that a claim of a chunk in a phase succeeds once, and only while that phase runs.
 *
 * One job runs at a time. Whoever comes second, from another thread or from inside a task, runs its tasks itself. */
#include "cpu/clock.h"
#include "cpu/futex.h"
#include "quern/runtime.h"
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
  CACHE_LINES = 128, /* two lines, as the prefetcher takes pairs */
  PIECES = 4,        /* of a chunk: enough that the last piece of a slow thread is short */
  PATIENCE_NANOSECONDS = 1500, /* with a thread that has not begun its chunk of a phase */
  SPIN_NANOSECONDS = 400000, /* longer than the serial kernels between two launches: waking a sleeper costs 5 % there */
  YIELD_NANOSECONDS = 2000,
  SPINS_PER_CLOCK = 32
};

typedef void (*task_body)(void *argument, int64_t first, int64_t last, int32_t thread);

struct pool;

struct worker {
  _Alignas(CACHE_LINES) _Atomic uint32_t unclaimed; /* pieces of its chunk that nobody has begun */
  _Atomic uint64_t unclaimed_phase;                 /* in which nobody has begun its chunk; 0: it has none */
  _Alignas(CACHE_LINES) struct pool *pool;
  int32_t thread;
  pthread_t handle;
};

struct pool {
  quern_pool interface;
  /* The process that this memory was last used in, in a page that the kernel zeroes for a forked child: asking for the
   * process number costs as much as a whole small job. */
  _Atomic int32_t *process;
  bool is_zeroed_by_fork;
  bool can_spin;            /* every thread can have a CPU */
  int32_t started;          /* workers 1..started run, in process `started_in` */
  int32_t started_in;
  _Alignas(CACHE_LINES) _Atomic int32_t holder; /* process whose thread runs a job here; 0: none */
  /* The job: written by the holder before the pieces are handed out. */
  task_body body;
  void *argument;
  int64_t tasks, chunks;
  uint64_t first_phase;
  _Alignas(CACHE_LINES) _Atomic uint32_t epoch; /* counts jobs; idle workers sleep on it */
  _Atomic uint32_t sleepers;
  _Atomic uint32_t is_stopping;
  _Alignas(CACHE_LINES) _Atomic uint32_t unfinished; /* pieces; the holder sleeps on it */
  _Atomic uint32_t holder_sleeps;
  _Alignas(CACHE_LINES) _Atomic uint64_t phase; /* the running one; none runs where it is end_phase */
  _Atomic uint32_t unfinished_chunks;           /* of that phase */
  _Alignas(CACHE_LINES) _Atomic uint64_t end_phase;
  struct worker workers[]; /* [0] is the holder's: it has a chunk, but no thread */
};

struct range {
  int64_t first, last;
};

/* Part `index` of `parts` nearly equal parts. */
static struct range part_of(struct range whole, int64_t parts, int64_t index) {
  int64_t size = whole.last - whole.first, each = size / parts, longer = size % parts;
  int64_t first = whole.first + each * index + (index < longer ? index : longer);
  return (struct range){first, first + each + (index < longer)};
}

static uint32_t pieces_of(int64_t chunk_size) { return chunk_size < PIECES ? (uint32_t)chunk_size : PIECES; }

/* ---- threads ---- */

/* Waits for *word to be `value`, or to be anything else, as long as work is likely to come at once. After the first
 * moments it offers its CPU to others: the awaited thread may be queued behind this one. */
static void spin(struct pool *pool, _Atomic uint32_t *word, uint32_t value, bool until_equal) {
  if (!pool->can_spin)
    return;
  int64_t start = quern_now(), elapsed;
  do {
    for (int i = 0; i < SPINS_PER_CLOCK; ++i) {
      if ((atomic_load_explicit(word, memory_order_relaxed) == value) == until_equal)
        return;
      quern_pause();
    }
    elapsed = quern_now() - start;
    if (elapsed > YIELD_NANOSECONDS)
      sched_yield();
  } while (elapsed < SPIN_NANOSECONDS);
}

/* Runs what nobody has begun of the chunk. Returns the number of pieces. */
static uint32_t run_chunk(struct pool *pool, int64_t index, int32_t thread) {
  _Atomic uint32_t *unclaimed = &pool->workers[index].unclaimed;
  uint32_t left = atomic_load_explicit(unclaimed, memory_order_relaxed), done = 0;
  while (left) {
    if (!atomic_compare_exchange_weak_explicit(unclaimed, &left, left - 1, memory_order_acquire, memory_order_relaxed))
      continue;
    struct range chunk = part_of((struct range){0, pool->tasks}, pool->chunks, index);
    uint32_t pieces = pieces_of(chunk.last - chunk.first);
    struct range piece = part_of(chunk, pieces, pieces - left);
    pool->body(pool->argument, piece.first, piece.last, thread);
    ++done;
    left = atomic_load_explicit(unclaimed, memory_order_relaxed);
  }
  return done;
}

static void finish(struct pool *pool, uint32_t pieces) {
  if (pieces && atomic_fetch_sub(&pool->unfinished, pieces) == pieces && atomic_load(&pool->holder_sleeps))
    quern_futex_wake(&pool->unfinished, 1);
}

/* The thread's own chunk, then what is left of the others'. */
static void take_part(struct pool *pool, int32_t thread) {
  int32_t threads = pool->interface.threads;
  for (int32_t i = 0; i < threads; ++i) {
    int32_t index = thread + i < threads ? thread + i : thread + i - threads;
    finish(pool, run_chunk(pool, index, thread));
    if (!atomic_load_explicit(&pool->unfinished, memory_order_relaxed))
      return;
  }
}

/* Runs the chunk if nobody has begun it in this phase. The last one to finish opens the next phase: all that was
 * written in this one is visible there. */
static bool run_chunk_of_phase(struct pool *pool, int64_t index, int32_t thread, uint64_t phase) {
  uint64_t expected = phase;
  if (!atomic_compare_exchange_strong_explicit(&pool->workers[index].unclaimed_phase, &expected, phase + 1,
                                               memory_order_acquire, memory_order_relaxed))
    return false;
  struct range chunk = part_of((struct range){0, pool->tasks}, pool->chunks, index);
  int64_t before = (int64_t)(phase - pool->first_phase) * pool->tasks;
  pool->body(pool->argument, before + chunk.first, before + chunk.last, thread);
  if (atomic_fetch_sub_explicit(&pool->unfinished_chunks, 1, memory_order_acq_rel) == 1) {
    atomic_store_explicit(&pool->unfinished_chunks, (uint32_t)pool->chunks, memory_order_relaxed);
    atomic_store_explicit(&pool->phase, phase + 1, memory_order_release);
  }
  return true;
}

/* Waits for the phase to end, and helps with chunks that nobody begins. */
static void wait_for_phase(struct pool *pool, int32_t thread, uint64_t phase) {
  int64_t start = 0;
  for (int spins = 1; atomic_load_explicit(&pool->phase, memory_order_acquire) == phase; ++spins) {
    quern_pause();
    if (spins % SPINS_PER_CLOCK)
      continue;
    int64_t now = quern_now();
    start = start ? start : now;
    if (now - start < PATIENCE_NANOSECONDS)
      continue;
    for (int32_t index = 0; index < pool->interface.threads; ++index)
      run_chunk_of_phase(pool, index, thread, phase);
    sched_yield();
  }
}

/* Takes part in the phases that are left of the job, if it has any. */
static void take_part_in_phases(struct pool *pool, int32_t thread) {
  for (;;) {
    uint64_t phase = atomic_load_explicit(&pool->phase, memory_order_acquire);
    if (phase >= atomic_load_explicit(&pool->end_phase, memory_order_acquire))
      return;
    run_chunk_of_phase(pool, thread, thread, phase);
    wait_for_phase(pool, thread, phase);
  }
}

static void wait_for_job(struct pool *pool, uint32_t epoch) {
  spin(pool, &pool->epoch, epoch, /*until_equal=*/false);
  if (atomic_load(&pool->epoch) != epoch)
    return;
  atomic_fetch_add(&pool->sleepers, 1);
  while (atomic_load(&pool->epoch) == epoch)
    quern_futex_wait(&pool->epoch, epoch);
  atomic_fetch_sub(&pool->sleepers, 1);
}

static void *work(void *argument) {
  struct worker *worker = argument;
  struct pool *pool = worker->pool;
  for (;;) {
    uint32_t epoch = atomic_load(&pool->epoch);
    if (atomic_load(&pool->is_stopping))
      return NULL;
    take_part(pool, worker->thread);
    take_part_in_phases(pool, worker->thread);
    wait_for_job(pool, epoch);
  }
}

/* As many workers as the system grants; signals stay with the program's own threads. */
static void start_workers(struct pool *pool, int32_t process) {
  sigset_t all, previous;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &previous);
  pool->started_in = process;
  pool->started = 0;
  for (int32_t thread = 1; thread < pool->interface.threads; ++thread) {
    struct worker *worker = &pool->workers[thread];
    worker->pool = pool;
    worker->thread = thread;
    if (pthread_create(&worker->handle, NULL, work, worker))
      break;
    pool->started = thread;
  }
  pthread_sigmask(SIG_SETMASK, &previous, NULL);
}

/* What a fork leaves behind of threads that do not exist in the child. */
static void forget_threads(struct pool *pool) {
  atomic_store(&pool->sleepers, 0);
  atomic_store(&pool->phase, atomic_load(&pool->end_phase));
  for (int32_t thread = 0; thread < pool->interface.threads; ++thread)
    atomic_store(&pool->workers[thread].unclaimed, 0);
}

/* ---- the caller ---- */

static int32_t this_process(struct pool *pool) {
  int32_t process = atomic_load_explicit(pool->process, memory_order_relaxed);
  if (process)
    return process;
  process = getpid();
  if (pool->is_zeroed_by_fork)
    atomic_store_explicit(pool->process, process, memory_order_relaxed);
  return process;
}

/* A holder that is another process is a thread of the parent, which does not exist here. */
static bool try_hold(struct pool *pool, int32_t process) {
  int32_t holder = atomic_load_explicit(&pool->holder, memory_order_relaxed);
  return holder != process && atomic_compare_exchange_strong_explicit(&pool->holder, &holder, process,
                                                                      memory_order_acquire, memory_order_relaxed);
}

/* Holds the pool for a job, with workers in this process; false if another thread has it. */
static bool begin(struct pool *pool, int64_t tasks, task_body body, void *argument) {
  int32_t process = this_process(pool);
  if (!try_hold(pool, process))
    return false;
  if (pool->started_in != process) {
    forget_threads(pool);
    start_workers(pool, process);
  }
  pool->body = body;
  pool->argument = argument;
  pool->tasks = tasks;
  pool->chunks = tasks < pool->interface.threads ? tasks : pool->interface.threads;
  return true;
}

static void announce(struct pool *pool) {
  atomic_fetch_add(&pool->epoch, 1);
  if (atomic_load(&pool->sleepers))
    quern_futex_wake(&pool->epoch, (int)pool->chunks - 1);
}

static void hand_out(struct pool *pool) {
  /* As part_of: the first `longer` chunks have one task more. */
  int64_t chunks = pool->chunks, each = pool->tasks / chunks, longer = pool->tasks % chunks;
  uint32_t long_pieces = pieces_of(each + 1), short_pieces = pieces_of(each);
  atomic_store_explicit(&pool->unfinished, (uint32_t)(longer * long_pieces + (chunks - longer) * short_pieces),
                        memory_order_relaxed);
  for (int64_t i = 0; i < chunks; ++i)
    atomic_store_explicit(&pool->workers[i].unclaimed, i < longer ? long_pieces : short_pieces, memory_order_release);
  announce(pool);
}

static void hand_out_phases(struct pool *pool, int64_t phases) {
  uint64_t first = atomic_load_explicit(&pool->phase, memory_order_relaxed);
  pool->first_phase = first;
  atomic_store_explicit(&pool->unfinished_chunks, (uint32_t)pool->chunks, memory_order_relaxed);
  for (int64_t i = 0; i < pool->interface.threads; ++i)
    atomic_store_explicit(&pool->workers[i].unclaimed_phase, i < pool->chunks ? first : 0, memory_order_release);
  atomic_store_explicit(&pool->end_phase, first + (uint64_t)phases, memory_order_release);
  announce(pool);
}

static void wait_for_workers(struct pool *pool) {
  spin(pool, &pool->unfinished, 0, /*until_equal=*/true);
  if (!atomic_load(&pool->unfinished))
    return;
  atomic_store(&pool->holder_sleeps, 1);
  for (uint32_t left; (left = atomic_load(&pool->unfinished));)
    quern_futex_wait(&pool->unfinished, left);
  atomic_store(&pool->holder_sleeps, 0);
}

static void run(quern_pool *interface, int64_t tasks, task_body body, void *argument) {
  struct pool *pool = interface->state;
  if (tasks <= 0)
    return;
  if (tasks == 1 || interface->threads == 1 || !begin(pool, tasks, body, argument)) {
    body(argument, 0, tasks, 0);
    return;
  }
  hand_out(pool);
  take_part(pool, 0);
  wait_for_workers(pool);
  atomic_store_explicit(&pool->holder, 0, memory_order_release);
}

static void run_phases(quern_pool *interface, int64_t tasks, int64_t phases, task_body body, void *argument) {
  struct pool *pool = interface->state;
  if (tasks <= 0 || phases <= 0)
    return;
  if (tasks == 1 || interface->threads == 1 || !begin(pool, tasks, body, argument)) {
    body(argument, 0, tasks * phases, 0);
    return;
  }
  hand_out_phases(pool, phases);
  take_part_in_phases(pool, 0);
  atomic_store_explicit(&pool->holder, 0, memory_order_release);
}

/* ---- life ---- */

/* The number of CPUs that the calling thread may use, or 1. */
static int32_t count_cpus(void) {
  unsigned long mask[8192 / 8 / sizeof(unsigned long)];
  long bytes = syscall(SYS_sched_getaffinity, 0, sizeof(mask), mask);
  int32_t count = 0;
  for (long i = 0; i < bytes / (long)sizeof(mask[0]); ++i)
    count += __builtin_popcountl(mask[i]);
  return count ? count : 1;
}

quern_pool *quern_pool_create(int32_t threads) {
  if (threads < 1)
    return NULL;
  size_t bytes = sizeof(struct pool) + (size_t)threads * sizeof(struct worker);
  struct pool *pool = aligned_alloc(CACHE_LINES, bytes);
  void *page = mmap(NULL, sizeof(*pool->process), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (!pool || page == MAP_FAILED) {
    free(pool);
    if (page != MAP_FAILED)
      munmap(page, sizeof(*pool->process));
    return NULL;
  }
  memset(pool, 0, bytes);
  pool->process = page;
  pool->is_zeroed_by_fork = madvise(page, sizeof(*pool->process), MADV_WIPEONFORK) == 0;
  pool->can_spin = threads <= count_cpus();
  /* A barrier where threads take turns on a CPU lasts as long as the turns: then each phase is a job. */
  pool->interface = (quern_pool){sizeof(quern_pool), threads, run, pool, pool->can_spin ? run_phases : NULL};
  atomic_init(&pool->phase, 1); /* 0 is no phase */
  atomic_init(&pool->end_phase, 1);
  return &pool->interface;
}

void quern_pool_destroy(quern_pool *interface) {
  if (!interface)
    return;
  struct pool *pool = interface->state;
  atomic_store(&pool->is_stopping, 1);
  if (pool->started_in == getpid()) {
    atomic_fetch_add(&pool->epoch, 1);
    quern_futex_wake(&pool->epoch, INT32_MAX);
    for (int32_t thread = 1; thread <= pool->started; ++thread)
      pthread_join(pool->workers[thread].handle, NULL);
  }
  munmap(pool->process, sizeof(*pool->process));
  free(pool);
}
