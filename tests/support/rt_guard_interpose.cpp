// SPDX-License-Identifier: Apache-2.0
//
// The C library's allocation and locking functions, defined here once more so that this executable's calls, and those of the
// libraries it loads, come by the guard. Each one counts when its thread is watched and then does what was asked.
#ifndef RELUME_RT_GUARD_OFF

#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>

#include "rt_guard_state.hpp"

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void __libc_free(void* memory);
}

namespace {

using relume::test::detail::rt_note;
using relume::test::detail::rt_watched;

void count_allocation(const char* name) {
  if (auto* report = rt_watched) {
    ++report->allocations;
    rt_note(*report, name);
  }
}

void count_lock(const char* name) {
  if (auto* report = rt_watched) {
    ++report->locks;
    rt_note(*report, name);
  }
}

// The definition that comes after this executable's: the C library's own.
template <class F>
void resolve(F*& real, const char* name) {
  real = reinterpret_cast<F*>(dlsym(RTLD_NEXT, name));
  if (real == nullptr) std::abort();
}

}  // namespace

// Defines `int name(parameters)`; `arguments` is the same list without types. Resolved at start, so that the look-up, which
// allocates, is never inside a scope; a library's own start may call it sooner still, hence the second resolve.
#define RELUME_COUNTED(name, parameters, arguments)                                       \
  static int(*real_##name) parameters = nullptr;                                          \
  __attribute__((constructor)) static void find_##name() { resolve(real_##name, #name); } \
  extern "C" int name parameters noexcept(noexcept(::name arguments)) {                   \
    count_lock(#name);                                                                    \
    if (real_##name == nullptr) resolve(real_##name, #name);                              \
    return real_##name arguments;                                                         \
  }

RELUME_COUNTED(pthread_mutex_lock, (pthread_mutex_t * m), (m))
RELUME_COUNTED(pthread_mutex_trylock, (pthread_mutex_t * m), (m))
RELUME_COUNTED(pthread_mutex_timedlock, (pthread_mutex_t * m, const timespec* t), (m, t))
RELUME_COUNTED(pthread_mutex_clocklock, (pthread_mutex_t * m, clockid_t k, const timespec* t), (m, k, t))
RELUME_COUNTED(pthread_cond_wait, (pthread_cond_t * c, pthread_mutex_t* m), (c, m))
RELUME_COUNTED(pthread_cond_timedwait, (pthread_cond_t * c, pthread_mutex_t* m, const timespec* t), (c, m, t))
RELUME_COUNTED(pthread_cond_clockwait, (pthread_cond_t * c, pthread_mutex_t* m, clockid_t k, const timespec* t),
               (c, m, k, t))
RELUME_COUNTED(pthread_cond_signal, (pthread_cond_t * c), (c))
RELUME_COUNTED(pthread_cond_broadcast, (pthread_cond_t * c), (c))
RELUME_COUNTED(pthread_rwlock_rdlock, (pthread_rwlock_t * l), (l))
RELUME_COUNTED(pthread_rwlock_tryrdlock, (pthread_rwlock_t * l), (l))
RELUME_COUNTED(pthread_rwlock_timedrdlock, (pthread_rwlock_t * l, const timespec* t), (l, t))
RELUME_COUNTED(pthread_rwlock_clockrdlock, (pthread_rwlock_t * l, clockid_t k, const timespec* t), (l, k, t))
RELUME_COUNTED(pthread_rwlock_wrlock, (pthread_rwlock_t * l), (l))
RELUME_COUNTED(pthread_rwlock_trywrlock, (pthread_rwlock_t * l), (l))
RELUME_COUNTED(pthread_rwlock_timedwrlock, (pthread_rwlock_t * l, const timespec* t), (l, t))
RELUME_COUNTED(pthread_rwlock_clockwrlock, (pthread_rwlock_t * l, clockid_t k, const timespec* t), (l, k, t))
RELUME_COUNTED(pthread_spin_lock, (pthread_spinlock_t * l), (l))
RELUME_COUNTED(pthread_spin_trylock, (pthread_spinlock_t * l), (l))
RELUME_COUNTED(sem_wait, (sem_t * s), (s))
RELUME_COUNTED(sem_trywait, (sem_t * s), (s))
RELUME_COUNTED(sem_timedwait, (sem_t * s, const timespec* t), (s, t))
RELUME_COUNTED(sem_clockwait, (sem_t * s, clockid_t k, const timespec* t), (s, k, t))
RELUME_COUNTED(sem_post, (sem_t * s), (s))

extern "C" {

void* malloc(std::size_t size) noexcept {
  count_allocation("malloc");
  return __libc_malloc(size);
}

void* calloc(std::size_t count, std::size_t size) noexcept {
  count_allocation("calloc");
  return __libc_calloc(count, size);
}

void* realloc(void* old, std::size_t size) noexcept {
  count_allocation("realloc");
  return __libc_realloc(old, size);
}

void* memalign(std::size_t alignment, std::size_t size) noexcept {
  count_allocation("memalign");
  return __libc_memalign(alignment, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  count_allocation("aligned_alloc");
  return __libc_memalign(alignment, size);
}

int posix_memalign(void** out, std::size_t alignment, std::size_t size) noexcept {
  count_allocation("posix_memalign");
  if (alignment < sizeof(void*) || (alignment & (alignment - 1)) != 0) return EINVAL;
  void* const memory = __libc_memalign(alignment, size);
  if (memory == nullptr) return ENOMEM;
  *out = memory;
  return 0;
}

void free(void* memory) noexcept {
  auto* report = rt_watched;
  if (report != nullptr && memory != nullptr) {
    ++report->frees;
    rt_note(*report, "free");
  }
  __libc_free(memory);
}

}  // extern "C"

#endif
