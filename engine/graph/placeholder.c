/* placeholder */
typedef int hgr_graph_placeholder;
