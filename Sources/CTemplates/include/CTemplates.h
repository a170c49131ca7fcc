// The templates of `zoo new`, inside the binary: the files of Templates/, each zero-terminated.
#ifndef CTEMPLATES_H
#define CTEMPLATES_H

const char *zoo_template_classifier(void);
const char *zoo_template_segmenter(void);
const char *zoo_template_detector(void);
const char *zoo_template_tests(void);
const char *zoo_template_package(void);
const char *zoo_template_readme(void);

#endif
