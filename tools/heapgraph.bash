# bash completion for heapgraph: source it, or put it into
# /usr/share/bash-completion/completions/heapgraph
_heapgraph()
{
    local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}" words=
    COMPREPLY=()
    if [ "$COMP_CWORD" = 1 ]; then
        words='info types retained dominators path roots list show statics strings refs diff memory threadpool exceptions domains segments handles finalizer threads stacks locks check slim help version'
    elif [ "${word#-}" != "$word" ]; then
        case "${COMP_WORDS[1]}" in
        info) words='--totals --json --human --threads --memory-limit --modules --runtime --shape-search --strict --time --quiet --color --help' ;;
        types) words='--retained --by --set --sort --top --all --addresses --json --human --threads --memory-limit --modules --runtime --shape-search --strict --time --quiet --color --help' ;;
        retained) words='--set --top --all --json --human --threads --memory-limit --modules --runtime --shape-search --strict --time --quiet --color --help' ;;
        dominators) words='--node --depth --min --top --all --json --human --threads --memory-limit --modules --runtime --shape-search --strict --time --quiet --color --help' ;;
        path) words='--to --top --all --min --json --human --threads --memory-limit --modules --runtime --shape-search --strict --time --quiet --color --help' ;;
        roots) words='--kind --retained --top --all --json --human --threads --memory-limit --modules --runtime --shape-search --strict --time --quiet --color --help' ;;
        list) words='--set --sort --retained --where --fields --count-by --top --all --json --human --threads --memory-limit --modules --runtime --shape-search --strict --time --quiet --color --help' ;;
        show) words='--retained --statics --raw --skip --top --all --json --human --threads --memory-limit --modules --runtime --shape-search --strict --time --quiet --color --help' ;;
        statics) words='--match --retained --nulls --top --all --json --human --threads --memory-limit --modules --runtime --shape-search --strict --time --quiet --color --help' ;;
        strings) words='--set --match --min-length --sort --top --all --json --human --threads --memory-limit --modules --runtime --shape-search --strict --time --quiet --color --help' ;;
        refs) words='--in --top --all --json --human --threads --memory-limit --modules --runtime --shape-search --strict --time --quiet --color --help' ;;
        diff) words='--set --fail-over --no-objects --top --all --json --human --threads --memory-limit --modules --runtime --shape-search --strict --time --quiet --color --help' ;;
        memory) words='--kind --top --all --json --human --threads --memory-limit --modules --runtime --shape-search --strict --time --quiet --color --help' ;;
        threadpool) words='--items --top --all --json --human --threads --memory-limit --modules --runtime --shape-search --strict --time --quiet --color --help' ;;
        exceptions) words='--stacks --top --all --json --human --threads --memory-limit --modules --runtime --shape-search --strict --time --quiet --color --help' ;;
        domains) words='--list --json --human --threads --memory-limit --modules --runtime --shape-search --strict --time --quiet --color --help' ;;
        segments) words='--each --pinned --top --all --json --human --threads --memory-limit --modules --runtime --shape-search --strict --time --quiet --color --help' ;;
        handles) words='--kind --retained --top --all --json --human --threads --memory-limit --modules --runtime --shape-search --strict --time --quiet --color --help' ;;
        finalizer) words='--kind --retained --top --all --json --human --threads --memory-limit --modules --runtime --shape-search --strict --time --quiet --color --help' ;;
        threads) words='--retained --top --all --json --human --threads --memory-limit --modules --runtime --shape-search --strict --time --quiet --color --help' ;;
        stacks) words='--thread --objects --native --each --top --all --json --human --threads --memory-limit --modules --runtime --shape-search --strict --time --quiet --color --help' ;;
        locks) words='--heap --top --all --json --human --threads --memory-limit --modules --runtime --shape-search --strict --time --quiet --color --help' ;;
        check) words='--top --all --json --human --threads --memory-limit --modules --runtime --shape-search --strict --time --quiet --color --help' ;;
        slim) words='--output --stacks --json --human --threads --memory-limit --modules --runtime --shape-search --strict --time --quiet --color --help' ;;
        help) words='--completion --man --help' ;;
        version) words='--help' ;;
        esac
    else
        case "${COMP_WORDS[1]} $before" in
        'types --by') words='type generation namespace assembly' ;;
        'types --sort') words='bytes count retained owned name' ;;
        'list --sort') words='bytes address retained' ;;
        'strings --sort') words='wasted count bytes' ;;
        *' --color') words='auto always never' ;;
        esac
    fi
    [ -z "$words" ] || COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _heapgraph heapgraph
