/* Shows a folder, read-only, as a file server does that answers late: each question waits before it is answered, and many
 * may wait at the same time.
 *
 *   cc -O2 -o late-file-system late-file-system.c $(pkg-config --cflags --libs fuse3)     (Debian: libfuse3-dev)
 *   LATE_FOLDER=/books LATE_MICROSECONDS=2000 late-file-system -f -o ro,max_threads=200 MOUNT_POINT
 *
 * Looking up a name, examining it, opening and reading a file, and reading a folder wait. Closing does not.
 */
#define FUSE_USE_VERSION 31
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static const char *folder;
static struct timespec delay;

/* Waits, and writes the path below the folder that is shown. */
static int late(char shown[PATH_MAX], const char *path) {
  nanosleep(&delay, NULL);
  int length = snprintf(shown, PATH_MAX, "%s%s", folder, path);
  return length < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int late_getattr(const char *path, struct stat *state, struct fuse_file_info *info) {
  (void)info;
  char shown[PATH_MAX];
  int failure = late(shown, path);
  if (failure) return failure;
  return lstat(shown, state) == 0 ? 0 : -errno;
}

static int late_readdir(const char *path, void *entries, fuse_fill_dir_t fill, off_t offset, struct fuse_file_info *info,
                        enum fuse_readdir_flags flags) {
  (void)offset, (void)info, (void)flags;
  char shown[PATH_MAX];
  int failure = late(shown, path);
  if (failure) return failure;
  DIR *open = opendir(shown);
  if (open == NULL) return -errno;
  for (struct dirent *entry = readdir(open); entry != NULL; entry = readdir(open)) {
    struct stat known = {.st_ino = entry->d_ino, .st_mode = DTTOIF(entry->d_type)};
    if (fill(entries, entry->d_name, &known, 0, 0) != 0) break;
  }
  closedir(open);
  return 0;
}

static int late_open(const char *path, struct fuse_file_info *info) {
  char shown[PATH_MAX];
  int failure = late(shown, path);
  if (failure) return failure;
  int descriptor = open(shown, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return -errno;
  info->fh = (uint64_t)descriptor;
  return 0;
}

static int late_read(const char *path, char *bytes, size_t count, off_t offset, struct fuse_file_info *info) {
  (void)path;
  nanosleep(&delay, NULL);
  ssize_t got = pread((int)info->fh, bytes, count, offset);
  return got < 0 ? -errno : (int)got;
}

static int late_release(const char *path, struct fuse_file_info *info) {
  (void)path;
  close((int)info->fh);
  return 0;
}

int main(int count, char *arguments[]) {
  const char *microseconds = getenv("LATE_MICROSECONDS");
  folder = getenv("LATE_FOLDER");
  if (folder == NULL || microseconds == NULL) {
    fputs("LATE_FOLDER and LATE_MICROSECONDS must be set\n", stderr);
    return 2;
  }
  long wait = strtol(microseconds, NULL, 10);
  delay = (struct timespec){.tv_sec = wait / 1000000, .tv_nsec = wait % 1000000 * 1000};
  const struct fuse_operations operations = {
      .getattr = late_getattr,
      .readdir = late_readdir,
      .open = late_open,
      .read = late_read,
      .release = late_release,
  };
  return fuse_main(count, arguments, &operations, NULL);
}
