#define _GNU_SOURCE
#include "periodic_log.h"

#include <errno.h>
#include <linux/aio_abi.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int periodic_sync_open(struct periodic_sync *sync, int file) {
  memset(sync, 0, sizeof *sync);
  sync->file = file;
  return syscall(SYS_io_setup, 1, &sync->context) == 0 ? 0 : errno;
}

int periodic_sync_begin(struct periodic_sync *sync, int signal) {
  struct iocb order, *orders = &order;
  memset(&order, 0, sizeof order);
  order.aio_lio_opcode = IOCB_CMD_FDSYNC;
  order.aio_fildes = sync->file;
  if (signal >= 0) {
    order.aio_flags = IOCB_FLAG_RESFD;
    order.aio_resfd = signal;
  }
  if (syscall(SYS_io_submit, sync->context, 1L, &orders) != 1) return errno;
  sync->is_under_way = 1;
  return 0;
}

int periodic_sync_is_over(struct periodic_sync *sync, int waits) {
  while (sync->is_under_way) {
    struct io_event event;
    struct timespec at_once = {0, 0};
    long count =
        syscall(SYS_io_getevents, sync->context, (long)waits, 1L, &event, waits ? 0 : &at_once);
    if (count == 1) {
      sync->result = event.res < 0 ? (int)-event.res : 0;
      sync->is_under_way = 0;
    } else if (!waits) {
      return 0;
    } else if (count < 0 && errno != EINTR) {
      sync->result = errno;
      sync->is_under_way = 0;
    }
  }
  return 1;
}

void periodic_sync_close(struct periodic_sync *sync) {
  /* This waits by itself. */
  syscall(SYS_io_destroy, sync->context);
  sync->is_under_way = 0;
}
