/* placeholder */
typedef int hgr_answers_placeholder;
