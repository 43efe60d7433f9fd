/* inspect: the nearest spelling of a name, for the text of errors.
 *
 * Method: edit distance by rows (Wagner and Fischer, JACM 21(1), 1974), letters without their case;
 * names over 64 letters are not compared. */
#include "inspector.h"

#define NAME_MAX_COMPARED 64u

static unsigned char lower(char letter)
{
    unsigned char c = (unsigned char)letter;
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c + ('a' - 'A')) : c;
}

static uint32_t smallest(uint32_t a, uint32_t b, uint32_t c)
{
    uint32_t least = a < b ? a : b;
    return least < c ? least : c;
}

static uint32_t edit_distance(const char *a, const char *b)
{
    size_t len_a = strnlen(a, NAME_MAX_COMPARED + 1), len_b = strnlen(b, NAME_MAX_COMPARED + 1);
    uint32_t row[NAME_MAX_COMPARED + 1];
    if (len_a > NAME_MAX_COMPARED || len_b > NAME_MAX_COMPARED)
        return UINT32_MAX;
    for (uint32_t j = 0; j <= len_b; j++)
        row[j] = j;
    for (uint32_t i = 1; i <= len_a; i++) {
        uint32_t diagonal = row[0];
        row[0] = i;
        for (uint32_t j = 1; j <= len_b; j++) {
            uint32_t above = row[j];
            uint32_t change = lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1;
            row[j] = smallest(above + 1, row[j - 1] + 1, diagonal + change);
            diagonal = above;
        }
    }
    return row[len_b];
}

void hgr_nearest_init(hgr_nearest *nearest, const char *wanted)
{
    uint32_t letters = (uint32_t)strnlen(wanted, NAME_MAX_COMPARED);
    *nearest = (hgr_nearest){wanted, NULL, letters / 3 + 2};
}

void hgr_nearest_offer(hgr_nearest *nearest, const char *name)
{
    uint32_t distance = edit_distance(nearest->wanted, name);
    if (distance >= nearest->distance)
        return;
    nearest->distance = distance;
    nearest->found = name;
}
