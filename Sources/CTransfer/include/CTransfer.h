// One transfer by libcurl, which is loaded when the first is asked for: only downloading needs it,
// and its option setter is variadic, which Swift cannot call.
#ifndef CTRANSFER_H
#define CTRANSFER_H

#include <stddef.h>

/// What is asked for. Redirects are not followed: where they lead is in the answer, and the caller
/// decides.
typedef struct ZooTransferRequest {
  const char *url;
  const char *user_agent;
  /// `N-` for the bytes from N on; null for all.
  const char *range;
  /// A whole header line, or null.
  const char *header;
  /// Whether http is allowed beside https.
  int plain_http;
  long connect_timeout_ms;
  /// Gives up after so many seconds below 100 bytes a second.
  long stall_seconds;

  void *context;
  /// Every header line, the status line and the empty one at the end included. Not 0 stops.
  int (*on_header)(void *context, const char *line, size_t count);
  /// The body, piece by piece. Not 0 stops.
  int (*on_body)(void *context, const void *bytes, size_t count);
} ZooTransferRequest;

typedef enum ZooTransferOutcome {
  zoo_transfer_done,
  /// A callback stopped it.
  zoo_transfer_stopped,
  /// The connection ended before the body did.
  zoo_transfer_cut_off,
  zoo_transfer_failed,
  /// There is no libcurl.
  zoo_transfer_no_library,
} ZooTransferOutcome;

typedef struct ZooTransferAnswer {
  ZooTransferOutcome outcome;
  long status;
  /// Where a redirect leads, as a whole URL; empty without one, or where it is too long.
  char redirect[4096];
  /// What went wrong, in libcurl's words.
  char message[256];
} ZooTransferAnswer;

void zoo_transfer(const ZooTransferRequest *request, ZooTransferAnswer *answer);

#endif
