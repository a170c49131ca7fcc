// One transfer by libcurl, which is loaded on first use, because only downloading needs it. In C
// because libcurl's option setter is variadic, which Swift cannot call.
#ifndef CTRANSFER_H
#define CTRANSFER_H

#include <stddef.h>

/// A request. Redirects are not followed: the answer contains their target, and the caller decides.
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
  /// Gives up after this many seconds below 100 bytes a second.
  long stall_seconds;

  void *context;
  /// Receives every header line, including the status line and the final empty one. Nonzero stops
  /// the transfer.
  int (*on_header)(void *context, const char *line, size_t count);
  /// Receives the body, piece by piece. Nonzero stops the transfer.
  int (*on_body)(void *context, const void *bytes, size_t count);
} ZooTransferRequest;

typedef enum ZooTransferOutcome {
  zoo_transfer_done,
  /// A callback stopped it.
  zoo_transfer_stopped,
  /// The connection ended before the body did.
  zoo_transfer_cut_off,
  zoo_transfer_failed,
  /// libcurl is not installed.
  zoo_transfer_no_library,
} ZooTransferOutcome;

typedef struct ZooTransferAnswer {
  ZooTransferOutcome outcome;
  /// The target of a redirect, as a whole URL; null without one, or if it is too long. The caller
  /// frees it.
  char *redirect;
  /// libcurl's error message; null if there was no memory for it. The caller frees it.
  char *message;
} ZooTransferAnswer;

void zoo_transfer(const ZooTransferRequest *request, ZooTransferAnswer *answer);

#endif
