#include "CTemplates.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const char classifier[] = {
#embed "../../Templates/Sources/ClassifierTemplate/ClassifierTemplate.swift"
    , 0};
static const char segmenter[] = {
#embed "../../Templates/Sources/SegmenterTemplate/SegmenterTemplate.swift"
    , 0};
static const char detector[] = {
#embed "../../Templates/Sources/DetectorTemplate/DetectorTemplate.swift"
    , 0};
static const char tests[] = {
#embed "../../Templates/Tests/ClassifierTemplateTests/ClassifierTemplateTests.swift"
    , 0};
static const char package[] = {
#embed "../../Templates/Package.swift"
    , 0};
static const char readme[] = {
#embed "../../Templates/README.md"
    , 0};

const char *zoo_template_classifier(void) { return classifier; }
const char *zoo_template_segmenter(void) { return segmenter; }
const char *zoo_template_detector(void) { return detector; }
const char *zoo_template_tests(void) { return tests; }
const char *zoo_template_package(void) { return package; }
const char *zoo_template_readme(void) { return readme; }
