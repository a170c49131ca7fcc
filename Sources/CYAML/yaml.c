#include "CYAML.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The part of libyaml's interface used here, which libyaml-0.so.2 has never changed.
struct Mark {
  size_t index, line, column;
};

struct Event {
  int type;
  union {
    struct {
      const char *anchor;
    } alias;
    struct {
      const char *anchor, *tag, *value;
      size_t length;
      int plain_implicit, quoted_implicit, style;
    } scalar;
    struct {
      const char *anchor, *tag;
      int implicit, style;
    } collection;
  } data;
  struct Mark start, end;
};

enum {
  event_stream_start = 1,
  event_document_start = 3,
  event_alias = 5,
  event_scalar = 6,
  event_sequence_start = 7,
  event_sequence_end = 8,
  event_mapping_start = 9,
  event_mapping_end = 10,

  error_memory = 1,
  error_reader = 2,
  style_plain = 1,
};

struct Parser {
  int error;
  const char *problem;
  size_t problem_offset;
  int problem_value;
  struct Mark problem_mark;
  const char *context;
  struct Mark context_mark;
  // 480 bytes in all; only the library reads the rest.
  char rest[1024];
};

static struct {
  int (*initialize)(struct Parser *);
  void (*set_input)(struct Parser *, const unsigned char *, size_t);
  int (*parse)(struct Parser *, struct Event *);
  void (*delete_event)(struct Event *);
  void (*delete_parser)(struct Parser *);
  int usable;
} yaml;

struct ZooYAML {
  struct Parser parser;
  struct Event event;
  const char *bytes;
  char words[256];
};

static void load(void) {
  void *library = dlopen("libyaml-0.so.2", RTLD_NOW | RTLD_LOCAL);
  if (!library) return;
  const struct {
    void **place;
    const char *name;
  } symbols[] = {
      {(void **)&yaml.initialize, "yaml_parser_initialize"},
      {(void **)&yaml.set_input, "yaml_parser_set_input_string"},
      {(void **)&yaml.parse, "yaml_parser_parse"},
      {(void **)&yaml.delete_event, "yaml_event_delete"},
      {(void **)&yaml.delete_parser, "yaml_parser_delete"},
  };
  for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++)
    if (!(*symbols[i].place = dlsym(library, symbols[i].name))) return;
  yaml.usable = 1;
}

int zoo_yaml_is_here(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, load);
  return yaml.usable;
}

ZooYAML *zoo_yaml_open(const void *bytes, size_t count) {
  ZooYAML *text = zoo_yaml_is_here() ? calloc(1, sizeof *text) : NULL;
  if (!text || !yaml.initialize(&text->parser)) {
    free(text);
    return NULL;
  }
  text->bytes = bytes;
  // libyaml rejects null, which an empty array may be.
  yaml.set_input(&text->parser, bytes ? bytes : (const void *)"", count);
  return text;
}

static ZooYAMLEvent damage(ZooYAML *text) {
  const struct Parser *parser = &text->parser;
  size_t line = parser->problem_mark.line + 1;
  if (parser->error == error_memory) {
    snprintf(text->words, sizeof text->words, "not enough memory");
  } else {
    snprintf(
        text->words, sizeof text->words, "%s%s%s", parser->problem ? parser->problem : "damaged",
        parser->context ? " " : "", parser->context ? parser->context : "");
  }
  // For invalid characters libyaml reports only the offset.
  if (parser->error == error_reader) {
    line = 1;
    for (size_t i = 0; i < parser->problem_offset; i++) line += text->bytes[i] == '\n';
  }
  return (ZooYAMLEvent){
      .kind = zoo_yaml_damaged, .line = line, .text = text->words, .count = strlen(text->words)};
}

ZooYAMLEvent zoo_yaml_next(ZooYAML *text) {
  struct Event *event = &text->event;
  yaml.delete_event(event);
  if (!yaml.parse(&text->parser, event)) return damage(text);
  ZooYAMLEvent next = {.line = event->start.line + 1};
  switch (event->type) {
  case event_document_start: next.kind = zoo_yaml_document; break;
  case event_alias:
    next.kind = zoo_yaml_alias;
    next.anchor = event->data.alias.anchor;
    break;
  case event_scalar:
    next.kind = zoo_yaml_scalar;
    next.anchor = event->data.scalar.anchor;
    next.text = event->data.scalar.value;
    next.count = event->data.scalar.length;
    next.is_plain = event->data.scalar.style == style_plain;
    break;
  case event_sequence_start:
  case event_mapping_start:
    next.kind = event->type == event_sequence_start ? zoo_yaml_list : zoo_yaml_map;
    next.anchor = event->data.collection.anchor;
    break;
  case event_sequence_end:
  case event_mapping_end: next.kind = zoo_yaml_close; break;
  case event_stream_start: return zoo_yaml_next(text);
  default: next.kind = zoo_yaml_end;
  }
  return next;
}

void zoo_yaml_free(ZooYAML *text) {
  if (!text) return;
  yaml.delete_event(&text->event);
  yaml.delete_parser(&text->parser);
  free(text);
}
