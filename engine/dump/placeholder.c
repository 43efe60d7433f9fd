/* placeholder */
typedef int hgr_dump_placeholder;
