# Completion for ferrule(8) in bash, by the package bash-completion; the installed file is
# /usr/share/bash-completion/completions/ferrule. tests/deploy holds it against `ferrule --help`.

_ferrule()
{
    local cur prev words cword split
    _init_completion -s || return

    # What stands before the cursor besides options and their values: the command first.
    local given=() index
    for ((index = 1; index < cword; index++)); do
        case ${words[index]} in
            -c | --config | -s | --socket | --timeout | --port | --metrics-port | --listener | \
                --backend | --client | --state | --limit | --send | --sni | --alpn | --tls | \
                --connections)
                ((index++))
                ;;
            -*) ;;
            *) given+=("${words[index]}") ;;
        esac
    done

    case $prev in
        -c | --config)
            _filedir '@(yaml|yml)'
            return
            ;;
        -s | --socket)
            _filedir
            return
            ;;
        --state)
            mapfile -t COMPREPLY < <(
                compgen -W "handshaking connecting relaying half_closed closing" -- "$cur"
            )
            return
            ;;
        --tls)
            mapfile -t COMPREPLY < <(compgen -W "1.2 1.3" -- "$cur")
            return
            ;;
        --timeout | --port | --metrics-port | --listener | --backend | --client | --limit | \
            --send | --sni | --alpn | --connections)
            return
            ;;
    esac
    $split && return

    local offered="--help"
    case "${given[*]}" in
        "") offered+=" run check ctl demo probe selftest version" ;;
        run) offered+=" --config" ;;
        check)
            if [[ $cur != -* ]]; then
                _filedir '@(yaml|yml)'
                return
            fi
            ;;
        probe)
            if [[ $cur != -* ]]; then
                _known_hosts_real -- "$cur"
                return
            fi
            offered+=" --send --sni --alpn --tls --timeout --connections --json"
            ;;
        probe\ *) offered+=" --send --sni --alpn --tls --timeout --connections --json" ;;
        demo) offered+=" --port --metrics-port" ;;
        selftest) offered+=" endings" ;;
        "selftest endings") offered+=" --config --json" ;;
        ctl)
            offered+=" --socket --config --json --timeout"
            offered+=" status ready reload sessions drain log-level"
            ;;
        "ctl log-level") offered+=" debug info warning error" ;;
        "ctl sessions")
            offered+=" --listener --backend --client --state --limit list show kill"
            ;;
        "ctl sessions list") offered+=" --listener --backend --client --state --limit" ;;
        "ctl sessions kill"*) offered+=" --listener --backend --client --state" ;;
    esac
    # Options are offered once a dash is typed, or where there is nothing else.
    if [[ $cur != -* && $offered == *" "[a-z]* ]]; then
        offered=" $offered "
        while [[ $offered =~ \ --[a-z-]+\  ]]; do
            offered=${offered/"${BASH_REMATCH[0]}"/ }
        done
    fi
    mapfile -t COMPREPLY < <(compgen -W "$offered" -- "$cur")
} && complete -F _ferrule ferrule
