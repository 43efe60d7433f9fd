/* placeholder */
typedef int hgr_heap_placeholder;
