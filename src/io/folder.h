/* folder: a data set of image files, a folder a class, or in CUB-200-2011's layout.
 *
 *   DIR/train/CLASS/NAME.png|jpg|jpeg   DIR/test/CLASS/NAME...
 *       Classes are the folders of DIR/train by name (bytes); a folder of DIR/test that is none of them is an error, a
 *       class without test images is not. Within a class images are taken by name.
 *   DIR/images.txt, image_class_labels.txt, train_test_split.txt, classes.txt (may be missing), images/...
 *       As http://www.vision.caltech.edu/datasets/cub_200_2011/ has it: lines of "ID PATH", "ID CLASS" (from 1),
 *       "ID 1|0" (1: training), "CLASS NAME". Within a class images are taken in the order of images.txt.
 *
 * Names that begin with a dot and files with other endings are passed over; a folder within a class, a class without
 * training images, a file that cannot be read or decoded are errors that name it. Every image is brought to 32x32 with
 * image_resize: that is what the nets take, and there is no other size. */
#ifndef FSPLAB_IO_FOLDER_H
#define FSPLAB_IO_FOLDER_H

#include "data.h"

/* Whether DIR looks like one of the two layouts. */
bool folder_is(const char *dir);
/* Its classes, without looking at any image; -1 with err. */
int folder_classes(const char *dir, struct err *);

/* For dataset_open: fills classes, class_names, train and test, dealing the limits over the classes as evenly as they
 * allow (0: all). ERR_IO, ERR_FORMAT; what was filled then is dataset_release's. Decodes on as many threads as there
 * are processors. */
bool folder_read(const char *dir, int train_limit, int test_limit, struct dataset *, struct err *);

/* For data_info: counts and bytes of the files of training and test, without decoding any. */
struct folder_sum {
    int64_t bytes[2];
    int images[2], classes;
};
bool folder_sum(const char *dir, struct folder_sum *, int count_train[DATA_CLASSES], int count_test[DATA_CLASSES],
                struct err *);

#endif
