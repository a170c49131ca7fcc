// The events of a YAML text, from libyaml, which is loaded on first use because only one data
// format needs it.
#ifndef CYAML_H
#define CYAML_H

#include <stddef.h>

typedef enum ZooYAMLKind {
  /// `text` has the reason.
  zoo_yaml_damaged,
  zoo_yaml_document,
  /// The end of the text, or of its first document.
  zoo_yaml_end,
  /// A reference to the node with this `anchor`.
  zoo_yaml_alias,
  zoo_yaml_scalar,
  zoo_yaml_list,
  zoo_yaml_map,
  /// The end of a list or map.
  zoo_yaml_close,
} ZooYAMLKind;

typedef struct ZooYAMLEvent {
  ZooYAMLKind kind;
  /// From 1.
  size_t line;
  /// Null if the node has none.
  const char *anchor;
  /// The text of a scalar, without quotes and escapes.
  const char *text;
  size_t count;
  /// Whether the scalar is written without quotes.
  int is_plain;
} ZooYAMLEvent;

typedef struct ZooYAML ZooYAML;

/// Whether libyaml is installed.
int zoo_yaml_is_here(void);
/// The bytes must outlive the parser. Null without libyaml or memory.
ZooYAML *zoo_yaml_open(const void *bytes, size_t count);
/// The event's texts are valid until the next call.
ZooYAMLEvent zoo_yaml_next(ZooYAML *);
void zoo_yaml_free(ZooYAML *);

#endif
