#include "CTransfer.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

// The part of libcurl's interface used here. Its numbers are ABI and never change.
typedef void Easy;
struct List;
typedef size_t (*Sink)(char *, size_t, size_t, void *);

enum {
  opt_stall_limit = 19,
  opt_stall_seconds = 20,
  opt_no_signals = 99,
  opt_connect_timeout_ms = 156,
  opt_protocol_bits = 181,
  opt_hide_proxy_headers = 265,
  opt_body_context = 10001,
  opt_url = 10002,
  opt_range = 10007,
  opt_error_buffer = 10010,
  opt_user_agent = 10018,
  opt_headers = 10023,
  opt_header_context = 10029,
  opt_no_proxy = 10177,
  opt_protocols = 10318,
  opt_body = 20011,
  opt_header = 20079,

  info_redirect = 0x100000 + 31,

  error_write = 23,
  error_partial = 18,
  error_unknown_option = 48,
  error_empty_reply = 52,
  error_receive = 56,
  error_http2_stream = 92,
};

static struct {
  int (*global_init)(long);
  Easy *(*init)(void);
  int (*set)(Easy *, int, ...);
  int (*perform)(Easy *);
  int (*info)(Easy *, int, ...);
  void (*cleanup)(Easy *);
  const char *(*explain)(int);
  struct List *(*append)(struct List *, const char *);
  void (*free_list)(struct List *);
  int usable;
} curl;

static void load(void) {
  // On Debian, every program that downloads brings one of them.
  static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4", NULL};
  void *library = NULL;
  for (int i = 0; names[i] && !library; i++) library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
  if (!library) return;
  const struct {
    void **place;
    const char *name;
  } symbols[] = {
      {(void **)&curl.global_init, "curl_global_init"},
      {(void **)&curl.init, "curl_easy_init"},
      {(void **)&curl.set, "curl_easy_setopt"},
      {(void **)&curl.perform, "curl_easy_perform"},
      {(void **)&curl.info, "curl_easy_getinfo"},
      {(void **)&curl.cleanup, "curl_easy_cleanup"},
      {(void **)&curl.explain, "curl_easy_strerror"},
      {(void **)&curl.append, "curl_slist_append"},
      {(void **)&curl.free_list, "curl_slist_free_all"},
  };
  for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++)
    if (!(*symbols[i].place = dlsym(library, symbols[i].name))) return;
  const long everything = 3;
  curl.usable = curl.global_init(everything) == 0;
}

static size_t header(char *line, size_t size, size_t count, void *context) {
  const ZooTransferRequest *request = context;
  return request->on_header(request->context, line, size * count) ? 0 : size * count;
}

static size_t body(char *bytes, size_t size, size_t count, void *context) {
  const ZooTransferRequest *request = context;
  return request->on_body(request->context, bytes, size * count) ? 0 : size * count;
}

static int allow_protocols(Easy *easy, int plain_http) {
  int code = curl.set(easy, opt_protocols, plain_http ? "http,https" : "https");
  // Before 7.85 only this option exists.
  if (code == error_unknown_option) code = curl.set(easy, opt_protocol_bits, plain_http ? 3L : 2L);
  return code;
}

void zoo_transfer(const ZooTransferRequest *request, ZooTransferAnswer *answer) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, load);
  memset(answer, 0, sizeof *answer);
  Easy *easy = curl.usable ? curl.init() : NULL;
  if (!easy) {
    answer->outcome = curl.usable ? zoo_transfer_failed : zoo_transfer_no_library;
    return;
  }
  char words[256] = "";
  struct List *headers = request->header ? curl.append(NULL, request->header) : NULL;
  int code = allow_protocols(easy, request->plain_http);
  if (!code) code = curl.set(easy, opt_url, request->url);
  if (!code) {
    curl.set(easy, opt_error_buffer, words);
    curl.set(easy, opt_no_signals, 1L);
    curl.set(easy, opt_hide_proxy_headers, 1L);
    curl.set(easy, opt_user_agent, request->user_agent);
    curl.set(easy, opt_connect_timeout_ms, request->connect_timeout_ms);
    curl.set(easy, opt_stall_limit, 100L);
    curl.set(easy, opt_stall_seconds, request->stall_seconds);
    curl.set(easy, opt_header, (Sink)header);
    curl.set(easy, opt_header_context, (void *)request);
    curl.set(easy, opt_body, (Sink)body);
    curl.set(easy, opt_body_context, (void *)request);
    // A loopback server needs no proxy.
    if (request->plain_http) curl.set(easy, opt_no_proxy, "*");
    if (request->range) curl.set(easy, opt_range, request->range);
    if (headers) curl.set(easy, opt_headers, headers);
    code = curl.perform(easy);
  }
  const char *redirect = NULL;
  curl.info(easy, info_redirect, &redirect);
  if (redirect && strlen(redirect) < 4096) answer->redirect = strdup(redirect);
  switch (code) {
  case 0: answer->outcome = zoo_transfer_done; break;
  case error_write: answer->outcome = zoo_transfer_stopped; break;
  case error_partial:
  case error_empty_reply:
  case error_receive:
  case error_http2_stream: answer->outcome = zoo_transfer_cut_off; break;
  default: answer->outcome = zoo_transfer_failed;
  }
  answer->message = strdup(*words ? words : curl.explain(code));
  curl.cleanup(easy);
  curl.free_list(headers);
}
