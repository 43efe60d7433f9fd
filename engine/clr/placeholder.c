/* placeholder */
typedef int hgr_clr_placeholder;
