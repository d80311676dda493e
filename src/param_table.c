/* The rows of THE table; param.c reads them. A new setting is a field of struct params and a row here, in the same
 * order, and nothing else. */
#include "param.h"

#define SETTING(field) .name = #field, .offset = offsetof(struct params, field)

enum {
    TRIAL = PF_TRIAL,
    TEACHER = PF_TEACHER | PF_TRIAL, /* what shapes the teacher shapes the trial */
    STEPS_MAX = 100000000,
};

/* The seed goes through doubles in the store and in JSON: keep it, and what repeats add to it, exact. */
#define SEED_MAX 9007199254740000.0 /* below 2^53 */

/* By hand: clang-format would give every member a line. */
/* clang-format off */
const struct param_def param_table[] = {
    /* ---- data ---- */
    {SETTING(dataset), .type = PARAM_ENUM, .flags = TEACHER, .choices = "synth cifar10 cifar100", .initial = "synth",
     .unit = "", .group = "data",
     .help = "the images: synth is made on the spot and needs no download"},
    {SETTING(data_dir), .type = PARAM_STRING, .initial = "data", .unit = "", .group = "data",
     .help = "folder of the data set's files, relative to the working folder; where synth is absent it is made"
             " in its subfolder synth"},
    {SETTING(train_limit), .type = PARAM_INT, .scale = SCALE_LOG, .flags = TEACHER, .max = 10000000, .initial = "0", .unit = "images",
     .group = "data",
     .help = "use only so many training images; 0 = all"},
    {SETTING(test_limit), .type = PARAM_INT, .scale = SCALE_LOG, .flags = TRIAL, .max = 10000000, .initial = "0", .unit = "images",
     .group = "data",
     .help = "use only so many test images; 0 = all"},
    {SETTING(val_fraction), .type = PARAM_FLOAT, .flags = TEACHER, .max = 0.9, .initial = "0.1", .unit = "",
     .group = "data",
     .help = "share of the training images held out to choose by (select=val), so that the test set stays "
             "closed"},
    {SETTING(augment), .type = PARAM_ENUM, .flags = TEACHER, .choices = "none crop crop_flip",
     .initial = "crop_flip", .unit = "", .group = "data",
     .help = "random change of training images: pad by 4 and crop, and mirror"},

    /* ---- networks ---- */
    {SETTING(teacher), .type = PARAM_STRING, .flags = TEACHER, .initial = "res26", .unit = "", .group = "networks",
     .help = "the net to learn from, or FILE.safetensors; `fsplab flops` lists the nets"},
    {SETTING(student), .type = PARAM_STRING, .flags = TRIAL, .initial = "res14", .unit = "", .group = "networks",
     .help = "the net that learns"},
    {SETTING(shortcut), .type = PARAM_ENUM, .flags = TEACHER, .choices = "A B", .initial = "A", .unit = "",
     .group = "networks",
     .help = "where a residual net widens: A pads with zero channels, B uses a 1x1 convolution"},

    /* ---- transfer ---- */
    {SETTING(method), .type = PARAM_ENUM, .flags = TRIAL, .choices = "none kd hint fsp", .initial = "fsp",
     .unit = "", .group = "transfer",
     .help = "what is transferred: nothing, softened logits, a hint at the middle layer, or FSP matrices"},
    {SETTING(pairing), .type = PARAM_ENUM, .flags = TRIAL, .choices = "section inside", .initial = "section",
     .unit = "", .group = "transfer",
     .help = "layers of an FSP matrix: a section's input and output, or its first and last layer"},
    {SETTING(fsp_norm), .type = PARAM_ENUM, .flags = TRIAL, .choices = "sum mean", .initial = "sum", .unit = "",
     .group = "transfer",
     .help = "squared differences of FSP matrices are summed, or averaged over the elements; lambda means "
             "another thing in each"},
    {SETTING(lambda), .type = PARAM_FLOAT, .scale = SCALE_LOG, .flags = TRIAL | PF_LIVE | PF_SEARCH, .max = 1e6,
     .initial = "0.1", .unit = "", .group = "transfer",
     .help = "weight of the transfer loss"},
    {SETTING(lambda1), .type = PARAM_FLOAT, .scale = SCALE_LOG, .flags = TRIAL | PF_LIVE | PF_SEARCH, .max = 1e6,
     .initial = "1", .unit = "", .group = "transfer",
     .help = "factor on lambda for the first pair of FSP matrices"},
    {SETTING(lambda2), .type = PARAM_FLOAT, .scale = SCALE_LOG, .flags = TRIAL | PF_LIVE | PF_SEARCH, .max = 1e6,
     .initial = "1", .unit = "", .group = "transfer",
     .help = "factor on lambda for the second pair of FSP matrices"},
    {SETTING(lambda3), .type = PARAM_FLOAT, .scale = SCALE_LOG, .flags = TRIAL | PF_LIVE | PF_SEARCH, .max = 1e6,
     .initial = "1", .unit = "", .group = "transfer",
     .help = "factor on lambda for the third pair of FSP matrices"},
    {SETTING(kd_temperature), .type = PARAM_FLOAT, .scale = SCALE_LOG, .flags = TRIAL | PF_SEARCH, .min = 0.01,
     .max = 1000, .initial = "4", .unit = "", .group = "transfer",
     .help = "temperature of the softened logits (method=kd)"},
    {SETTING(kd_weight), .type = PARAM_FLOAT, .flags = TRIAL | PF_SEARCH, .max = 1, .initial = "0.9", .unit = "",
     .group = "transfer",
     .help = "share of the softened logits in the loss, the labels have the rest (method=kd)"},

    /* ---- optimisation ---- */
    {SETTING(teacher_lr), .type = PARAM_FLOAT, .scale = SCALE_LOG, .flags = TEACHER, .max = 100,
     .initial = "0.1", .unit = "", .group = "optimisation",
     .help = "initial learning rate of the teacher"},
    {SETTING(teacher_steps), .type = PARAM_INT, .scale = SCALE_LOG, .flags = TEACHER, .max = STEPS_MAX,
     .initial = "64000", .unit = "steps", .group = "optimisation",
     .help = "length of the teacher's training"},
    {SETTING(teacher_warmup), .type = PARAM_INT, .scale = SCALE_LOG, .flags = TEACHER | PF_LATER, .max = STEPS_MAX,
     .initial = "0", .unit = "steps", .group = "optimisation",
     .help = "first steps of the teacher, over which its rate rises to where the schedule has it; deep nets without "
             "shortcuts need it"},
    {SETTING(transfer_lr), .type = PARAM_FLOAT, .scale = SCALE_LOG, .flags = TRIAL | PF_LIVE | PF_SEARCH, .max = 100,
     .initial = "0.001", .unit = "", .group = "optimisation",
     .help = "initial learning rate of the first stage, the transfer"},
    {SETTING(transfer_steps), .type = PARAM_INT, .scale = SCALE_LOG, .flags = TRIAL | PF_SEARCH, .max = STEPS_MAX,
     .initial = "21000", .unit = "steps", .group = "optimisation",
     .help = "length of the first stage, the transfer"},
    {SETTING(finetune_lr), .type = PARAM_FLOAT, .scale = SCALE_LOG, .flags = TRIAL | PF_LIVE | PF_SEARCH, .max = 100,
     .initial = "0.1", .unit = "", .group = "optimisation",
     .help = "initial learning rate of the second stage, fine-tuning with labels"},
    {SETTING(finetune_steps), .type = PARAM_INT, .scale = SCALE_LOG, .flags = TRIAL | PF_SEARCH, .max = STEPS_MAX,
     .initial = "64000", .unit = "steps", .group = "optimisation",
     .help = "length of the second stage, fine-tuning with labels"},
    {SETTING(schedule), .type = PARAM_ENUM, .flags = TEACHER, .choices = "step cosine", .initial = "step",
     .unit = "", .group = "optimisation",
     .help = "course of a stage's learning rate: a tenth at 1/2 and 3/4 of its steps, or a cosine down to 0"},
    {SETTING(batch), .type = PARAM_INT, .scale = SCALE_LOG, .flags = TEACHER, .min = 1, .max = 65536,
     .initial = "128", .unit = "images", .group = "optimisation",
     .help = "images in a step"},
    {SETTING(momentum), .type = PARAM_FLOAT, .flags = TEACHER | PF_SEARCH, .max = 0.9999, .initial = "0.9",
     .unit = "", .group = "optimisation",
     .help = "momentum of the gradient descent"},
    {SETTING(nesterov), .type = PARAM_BOOL, .flags = TEACHER, .max = 1, .initial = "0", .unit = "",
     .group = "optimisation",
     .help = "Nesterov's form of the momentum"},
    {SETTING(weight_decay), .type = PARAM_FLOAT, .scale = SCALE_LOG, .flags = TEACHER | PF_SEARCH, .max = 1,
     .initial = "0.0001", .unit = "", .group = "optimisation",
     .help = "L2 penalty on the weights"},
    {SETTING(label_smoothing), .type = PARAM_FLOAT, .flags = TEACHER | PF_SEARCH, .max = 0.9, .initial = "0",
     .unit = "", .group = "optimisation",
     .help = "share of the label that is spread over all classes"},

    /* ---- study ---- */
    {SETTING(select), .type = PARAM_ENUM, .choices = "val test", .initial = "val", .unit = "", .group = "study",
     .help = "accuracy that the search maximises: on held-out training images, or, as in the paper, on the "
             "test set"},
    {SETTING(seed), .type = PARAM_INT, .flags = TEACHER, .max = SEED_MAX, .initial = "1", .unit = "",
     .group = "study",
     .help = "start of every random number"},
    {SETTING(precision), .type = PARAM_ENUM, .flags = TEACHER, .choices = "f32 tf32 bf16", .initial = "f32",
     .unit = "", .group = "study",
     .help = "arithmetic of the training; tf32 and bf16 need a GPU"},
    {SETTING(device), .type = PARAM_STRING, .initial = "auto", .unit = "", .group = "study",
     .help = "where to train: auto, cpu, cuda or cuda:N"},
    {SETTING(threads), .type = PARAM_INT, .max = 1024, .initial = "0", .unit = "", .group = "study",
     .help = "processor threads; 0 = all"},
    {SETTING(checkpoint_steps), .type = PARAM_INT, .scale = SCALE_LOG, .min = 1, .max = STEPS_MAX, .initial = "200",
     .unit = "steps", .group = "study",
     .help = "steps from one checkpoint to the next"},
    {SETTING(eval_steps), .type = PARAM_INT, .scale = SCALE_LOG, .max = STEPS_MAX, .initial = "0", .unit = "steps",
     .group = "study",
     .help = "steps from one evaluation to the next; 0 = once an epoch"},
    {SETTING(search), .type = PARAM_ENUM, .choices = "grid random sobol bo", .initial = "sobol", .unit = "",
     .group = "study",
     .help = "strategy: every combination, random points, a Sobol sequence, or Bayesian optimisation"},
    {SETTING(max_trials), .type = PARAM_INT, .scale = SCALE_LOG, .min = 1, .max = 1000000, .initial = "25",
     .unit = "trials", .group = "study",
     .help = "the search ends after so many trials; a grid runs all its combinations"},
    {SETTING(limit_max_accuracy_count), .type = PARAM_INT, .max = 1000000, .initial = "0", .unit = "trials",
     .group = "study",
     .help = "the search ends once more trials than this have not raised the best accuracy; 0 = off"},
    {SETTING(max_seconds), .type = PARAM_INT, .scale = SCALE_LOG, .max = 1000000000, .initial = "0", .unit = "seconds",
     .group = "study",
     .help = "a search begins no further trial once its trials have run so long, pauses not counted; 0 = off"},
    {SETTING(stop_improvement), .type = PARAM_FLOAT, .max = 100, .initial = "0", .unit = "points", .group = "study",
     .help = "the search ends when the next point is expected to improve the accuracy by less (search=bo); 0 = off"},
    {SETTING(edited_sigma), .type = PARAM_FLOAT, .max = 100, .initial = "0", .unit = "points", .group = "study",
     .help = "a trial changed by hand informs the search at the values it ended with, with so much noise; 0 = left out"},
    {SETTING(prune), .type = PARAM_ENUM, .choices = "none gain-pi asha median", .initial = "gain-pi", .unit = "",
     .group = "study",
     .help = "rule that ends a search's trial early when it will not win; asha and median need schedule=cosine"},
    {SETTING(repeats), .type = PARAM_INT, .min = 1, .max = 1000, .initial = "1", .unit = "runs", .group = "study",
     .help = "how often the recommended configuration is run, with seeds seed, seed+1 and so on"},
    {SETTING(search_repeats), .type = PARAM_INT, .min = 1, .max = 1000, .initial = "1", .unit = "searches",
     .group = "study",
     .help = "how often the whole search is done, each with another seed"},
};
/* clang-format on */
const int param_count = ARRAY_LEN(param_table);
