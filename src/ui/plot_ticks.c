/* Round numbers: where an axis has its ticks and how a number is written in few columns. Ticks are integers times a
 * round step, and a step below one is divided by, so that 0.3 is the double 0.3 and not 3 times 0.1. */
#include "plot_impl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* I times MANTISSA times ten to the E. */
static double multiple(int64_t i, int mantissa, int e)
{
    double v = (double)i * mantissa;
    return e >= 0 ? v * pow(10, e) : v / pow(10, -e);
}

static int linear_ticks(double lo, double hi, int max, double *ticks)
{
    static const int mantissas[] = {1, 2, 5};
    int e = (int)floor(log10((hi - lo) / max));
    for (int k = 0; k < 12; k++) {
        int mantissa = mantissas[k % 3], exponent = e + k / 3;
        double step = multiple(1, mantissa, exponent), slack = 1e-9;
        if (step == 0 || !isfinite(step))
            continue;
        /* A bound that is a tick but for rounding counts as one. */
        int64_t first = (int64_t)ceil(lo / step - slack), last = (int64_t)floor(hi / step + slack);
        if (last - first + 1 > max)
            continue;
        int n = 0;
        for (int64_t i = first; i <= last; i++)
            ticks[n++] = multiple(i, mantissa, exponent);
        return n;
    }
    return 0;
}

/* All of MANTISSAS in each decade, or its one in every STRIDE-th; -1 when there are more than MAX. */
static int decade_ticks(double lo, double hi, int max, const int *mantissas, int n_mantissas, int stride, double *ticks)
{
    int n = 0, last = (int)floor(log10(hi) + 1e-9);
    for (int e = (int)floor(log10(lo)); e <= last; e++) {
        if (e % stride != 0)
            continue;
        for (int k = 0; k < n_mantissas; k++) {
            double v = multiple(1, mantissas[k], e);
            if (v < lo * (1 - 1e-9) || v > hi * (1 + 1e-9))
                continue;
            if (n == max)
                return -1;
            ticks[n++] = v;
        }
    }
    return n;
}

int plot_ticks(double lo, double hi, bool log_scale, int max, double *ticks)
{
    static const int mantissas[] = {1, 2, 5};
    if (!isfinite(lo) || !isfinite(hi) || !(hi > lo) || !isfinite(hi - lo) || max < 1 || (log_scale && lo <= 0))
        return 0;
    if (!log_scale)
        return linear_ticks(lo, hi, max, ticks);
    int n = decade_ticks(lo, hi, max, mantissas, 3, 1, ticks);
    if (n >= 2)
        return n;
    if (n >= 0)
        return linear_ticks(lo, hi, max, ticks);
    for (int stride = 1; stride < 1000; stride++) {
        n = decade_ticks(lo, hi, max, mantissas, 1, stride, ticks);
        if (n >= 0)
            return n;
    }
    return 0;
}

/* "1.20e-05" to "1.2e-5": no zeros that say nothing. */
static void tidy_exponent(char *s)
{
    char *e = strchr(s, 'e');
    if (!e)
        return;
    char *end = e;
    if (strchr(s, '.') && strchr(s, '.') < e)
        while (end[-1] == '0')
            end--;
    if (end > s && end[-1] == '.')
        end--;
    char *digits = e + 1, sign = *digits;
    if (sign == '+' || sign == '-')
        digits++;
    while (digits[0] == '0' && digits[1])
        digits++;
    char tail[16];
    snprintf(tail, sizeof(tail), "e%s%s", sign == '-' ? "-" : "", digits);
    memcpy(end, tail, strlen(tail) + 1);
}

static void trim_zeros(char *s)
{
    char *end = s + strlen(s);
    if (!strchr(s, '.'))
        return;
    while (end[-1] == '0')
        end--;
    if (end[-1] == '.')
        end--;
    *end = '\0';
}

enum { NUMBER_WIDTH = 7 };

static void in_powers(double v, char *s, size_t cap)
{
    for (int digits = 1; digits >= 0; digits--) {
        snprintf(s, cap, "%.*e", digits, v);
        tidy_exponent(s);
        if (strlen(s) <= NUMBER_WIDTH)
            return;
    }
}

/* Three significant digits and a letter for thousands; false: too large for the letters. */
static bool in_thousands(double v, char *s, size_t cap)
{
    static const char letter[] = "kMGT";
    double a = fabs(v);
    for (int k = 0; letter[k]; k++) {
        a /= 1000;
        if (a >= 999.5)
            continue;
        int decimals = a < 9.995 ? 2 : a < 99.95 ? 1 : 0;
        snprintf(s, cap, "%.*f", decimals, copysign(a, v));
        trim_zeros(s);
        size_t n = strlen(s);
        s[n] = letter[k];
        s[n + 1] = '\0';
        return true;
    }
    return false;
}

void plot_number(double v, char *buf, size_t cap)
{
    char s[64];
    double a = fabs(v);
    if (isnan(v))
        snprintf(s, sizeof(s), "nan");
    else if (isinf(v))
        snprintf(s, sizeof(s), v < 0 ? "-inf" : "inf");
    else if (a == 0)
        snprintf(s, sizeof(s), "0");
    else if (a >= 9999.5) {
        if (!in_thousands(v, s, sizeof(s)))
            in_powers(v, s, sizeof(s));
    } else if (a < 9.995e-4) {
        in_powers(v, s, sizeof(s));
    } else {
        int decimals = a >= 99.95 ? 0 : 2 - (int)floor(log10(a * 1.0005));
        snprintf(s, sizeof(s), "%.*f", decimals < 0 ? 0 : decimals, v);
        trim_zeros(s);
        if (strlen(s) > NUMBER_WIDTH)
            in_powers(v, s, sizeof(s));
    }
    snprintf(buf, cap, "%s", s);
}

/* ---- ticks as text: all of an axis with the same decimals and the same letter ---- */

static void write_labels(const double *ticks, int n, bool alike, char (*label)[PLOT_LABEL])
{
    double largest = 0, step = INFINITY;
    for (int i = 0; i < n; i++) {
        largest = fmax(largest, fabs(ticks[i]));
        if (i > 0)
            step = fmin(step, ticks[i] - ticks[i - 1]);
    }
    static const char *const unit[] = {"", "k", "M", "G"};
    int k = 0;
    while (k < 3 && largest >= (k ? 1e3 : 1e4)) {
        largest /= 1e3;
        step /= 1e3;
        k++;
    }
    int decimals = isfinite(step) ? (int)ceil(-log10(step * 1.0000001)) : 3;
    decimals = decimals < 0 ? 0 : decimals;
    for (int i = 0; i < n; i++) {
        char s[64] = "";
        double scaled = ticks[i] / pow(1e3, k);
        if (alike && decimals <= 3 && largest < 1e3 + 9e3 * (k == 0))
            snprintf(s, sizeof(s), "%.*f%s", decimals, scaled, ticks[i] == 0 ? "" : unit[k]);
        if (ticks[i] == 0)
            snprintf(s, sizeof(s), "0");
        if (!s[0] || strlen(s) >= PLOT_LABEL) {
            plot_number(ticks[i], s, sizeof(s));
            if (strlen(s) >= PLOT_LABEL)
                in_powers(ticks[i], s, sizeof(s));
        }
        snprintf(label[i], PLOT_LABEL, "%.*s", PLOT_LABEL - 1, s);
    }
}

void plot_tick_labels(const double *ticks, int n, bool log_scale, char (*label)[PLOT_LABEL])
{
    write_labels(ticks, n, !log_scale, label);
    bool twice = false; /* a narrow range of a logarithmic axis */
    for (int i = 1; i < n; i++)
        twice |= strcmp(label[i], label[i - 1]) == 0;
    if (log_scale && twice)
        write_labels(ticks, n, true, label);
}
