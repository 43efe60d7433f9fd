/* base: hash map from address to u32. */
#include "map.h"

#include "status.h"

void hgr_map_init(hgr_map *map, const hgr_run *run)
{
    *map = (hgr_map){.run = run};
}

void hgr_map_fini(hgr_map *map)
{
    hgr_free(map->keys);
    hgr_free(map->values);
    *map = (hgr_map){.run = map->run};
}

static void store(hgr_map *map, uint64_t key, uint32_t value)
{
    size_t slot = hgr_map_slot(key, map->capacity);
    while (map->keys[slot] != 0 && map->keys[slot] != key)
        slot = (slot + 1) & (map->capacity - 1);
    map->count += map->keys[slot] == 0;
    map->keys[slot] = key;
    map->values[slot] = value;
}

/* Keep at least half of the slots empty. */
static hgr_result make_room(hgr_map *map, hgr_status *status)
{
    if (map->count < map->capacity / 2)
        return HGR_OK;
    hgr_map wider = {.run = map->run, .capacity = map->capacity ? map->capacity * 2 : 64};
    hgr_result result =
        hgr_alloc(map->run, wider.capacity, sizeof *wider.keys, "map", &wider.keys, status);
    if (result == HGR_OK)
        result =
            hgr_alloc(map->run, wider.capacity, sizeof *wider.values, "map", &wider.values, status);
    if (result != HGR_OK) {
        hgr_map_fini(&wider);
        return result;
    }
    for (size_t slot = 0; slot < map->capacity; slot++)
        if (map->keys[slot])
            store(&wider, map->keys[slot], map->values[slot]);
    hgr_map_fini(map);
    *map = wider;
    return HGR_OK;
}

hgr_result hgr_map_put(hgr_map *map, uint64_t key, uint32_t value, hgr_status *status)
{
    if (key == 0 || value == HGR_MAP_NONE)
        return hgr_fail(status, HGR_BAD_ARGUMENT, "map: key 0 or value none");
    hgr_result result = make_room(map, status);
    if (result == HGR_OK)
        store(map, key, value);
    return result;
}
