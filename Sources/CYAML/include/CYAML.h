// The events of a YAML text by libyaml, which is loaded when the first is read: only one format of
// data has any.
#ifndef CYAML_H
#define CYAML_H

#include <stddef.h>

typedef enum ZooYAMLKind {
  /// `text` says why.
  zoo_yaml_damaged,
  zoo_yaml_document,
  /// Of the text, or of its first document.
  zoo_yaml_end,
  /// The node that was called `anchor`.
  zoo_yaml_alias,
  zoo_yaml_scalar,
  zoo_yaml_list,
  zoo_yaml_map,
  /// Of a list or a map.
  zoo_yaml_close,
} ZooYAMLKind;

typedef struct ZooYAMLEvent {
  ZooYAMLKind kind;
  /// From 1.
  size_t line;
  /// Null for a node that has none.
  const char *anchor;
  /// Of a scalar, quotes and escapes undone.
  const char *text;
  size_t count;
  /// Whether the scalar is written without quotes.
  int is_plain;
} ZooYAMLEvent;

typedef struct ZooYAML ZooYAML;

/// Whether there is a libyaml.
int zoo_yaml_is_here(void);
/// The bytes must outlive the parser. Null without libyaml or memory.
ZooYAML *zoo_yaml_open(const void *bytes, size_t count);
/// Its texts are good until the next call.
ZooYAMLEvent zoo_yaml_next(ZooYAML *);
void zoo_yaml_free(ZooYAML *);

#endif
