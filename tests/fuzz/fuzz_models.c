/* Any bytes as a model list: what is read can be found again, and its prices are never negative. */
#include "openrouter/models.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct models *m = NULL;
    if (models_parse((str){(const char *)data, size}, STR_NONE, 1, &m, NULL) != ST_OK)
        return 0;
    for (size_t i = 0; i < models_count(m); i++) {
        const struct model *item = models_at(m, i);
        CHECK(models_find(m, item->id) == item);
        CHECK(models_find(m, item->canonical) != NULL);
        CHECK(item->price.prompt.v >= 0 && item->price.completion.v >= 0 &&
              item->price.image.v >= 0);
        CHECK(item->price.is_known || item->list_prompt.v == 0);
    }
    models_unref(m);
    return 0;
}
