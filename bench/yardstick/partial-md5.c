/*
 * Yardstick of the hash suite: KOReader's partial MD5 of every file of a list, with plain POSIX reads, OpenSSL's
 * MD5 and threads. It shows the rate that simple C code reaches on the machine. The suite compiles it.
 *
 *   cc -O2 -o partial-md5 partial-md5.c -lcrypto -lpthread
 *   ./partial-md5 LIST THREADS
 *
 * LIST: absolute paths, each ended by a zero byte. One JSON object goes to standard output: files, failed, threads,
 * seconds (of the hashing alone: the list is in memory and the threads wait at a barrier before the clock starts)
 * and digest, the MD5 of all digests in the order of the list, which does not depend on the number of threads.
 */
#define _GNU_SOURCE
#define OPENSSL_SUPPRESS_DEPRECATED
#include <fcntl.h>
#include <openssl/md5.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WINDOW_BYTES 1024
#define WINDOWS 12
#define MOST_THREADS 512
/* Files that a thread takes at a time: few enough that all end together, enough to keep the counter cold. */
#define TAKEN_AT_ONCE 32

struct file {
  const char *path;
  unsigned char digest[MD5_DIGEST_LENGTH];
};

static struct file *files;
static size_t file_count;
static atomic_size_t next_file;
static atomic_size_t failed_count;
static pthread_barrier_t start_line;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

/* Reads until the window is full or the file ends; -1 on an error. */
static ssize_t read_window(int fd, unsigned char *into, off_t offset) {
  size_t done = 0;
  while (done < WINDOW_BYTES) {
    ssize_t got = pread(fd, into + done, WINDOW_BYTES - done, offset + (off_t)done);
    if (got < 0) return -1;
    if (got == 0) break;
    done += (size_t)got;
  }
  return (ssize_t)done;
}

/* Bytes of the message, or -1. */
static ssize_t read_message(const char *path, unsigned char *message) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  size_t length = 0;
  off_t offset = 0;
  for (int window = 0; window < WINDOWS; window++) {
    ssize_t got = read_window(fd, message + length, offset);
    if (got < 0) {
      close(fd);
      return -1;
    }
    length += (size_t)got;
    if (got < WINDOW_BYTES) break;
    offset = offset == 0 ? WINDOW_BYTES : offset * 4;
  }
  close(fd);
  return (ssize_t)length;
}

static void *hash_files(void *unused) {
  unsigned char message[WINDOWS * WINDOW_BYTES];
  pthread_barrier_wait(&start_line);
  for (;;) {
    size_t first = atomic_fetch_add(&next_file, TAKEN_AT_ONCE);
    if (first >= file_count) return unused;
    size_t end = first + TAKEN_AT_ONCE < file_count ? first + TAKEN_AT_ONCE : file_count;
    for (size_t i = first; i < end; i++) {
      ssize_t length = read_message(files[i].path, message);
      if (length < 0) atomic_fetch_add(&failed_count, 1);
      else MD5(message, (size_t)length, files[i].digest);
    }
  }
}

static void read_list(const char *name) {
  FILE *list = fopen(name, "rb");
  if (list == NULL) fail(name);
  size_t room = 0;
  char *path = NULL;
  size_t path_room = 0;
  while (getdelim(&path, &path_room, 0, list) > 0) {
    if (file_count == room) {
      room = room == 0 ? 4096 : room * 2;
      files = realloc(files, room * sizeof *files);
      if (files == NULL) fail("memory");
    }
    memset(&files[file_count], 0, sizeof *files);
    files[file_count].path = strdup(path);
    if (files[file_count].path == NULL) fail("memory");
    file_count++;
  }
  free(path);
  fclose(list);
}

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
  long threads = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
  if (threads < 1 || threads > MOST_THREADS) {
    fprintf(stderr, "usage: %s LIST THREADS (1-%d)\n", argv[0], MOST_THREADS);
    return 2;
  }
  read_list(argv[1]);
  pthread_t ids[MOST_THREADS];
  pthread_barrier_init(&start_line, NULL, (unsigned)threads + 1);
  for (long i = 0; i < threads; i++) {
    if (pthread_create(&ids[i], NULL, hash_files, NULL) != 0) fail("thread");
  }
  double start = seconds_now();
  pthread_barrier_wait(&start_line);
  for (long i = 0; i < threads; i++) pthread_join(ids[i], NULL);
  double seconds = seconds_now() - start;

  MD5_CTX all;
  unsigned char digest[MD5_DIGEST_LENGTH];
  MD5_Init(&all);
  for (size_t i = 0; i < file_count; i++) MD5_Update(&all, files[i].digest, MD5_DIGEST_LENGTH);
  MD5_Final(digest, &all);
  printf("{\"files\":%zu,\"failed\":%zu,\"threads\":%ld,\"seconds\":%.6f,\"digest\":\"", file_count,
         (size_t)failed_count, threads, seconds);
  for (int i = 0; i < MD5_DIGEST_LENGTH; i++) printf("%02x", digest[i]);
  printf("\"}\n");
  return 0;
}
