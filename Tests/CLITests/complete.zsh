# Prints what zsh completes for each line: zsh -f complete.zsh SCRIPT LINE…
# A script named _tranche is found in its folder, as one that is installed; another is sourced.
zmodload zsh/zpty
script=$1; shift
if [[ ${script:t} == _tranche ]]; then
  before="fpath=(${(q)script:h} \$fpath)"; after=:
else
  before=:; after="source ${(q)script}"
fi
zpty z zsh -f -i
zpty -w z "PS1= RPS1= PS2=; stty -echo; $before; autoload -Uz compinit; compinit -u -D; $after"
zpty -w z 'compadd () { if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return $?; fi; local -a hits; builtin compadd -A hits "$@"; print -lr -- $hits >>$found; builtin compadd "$@" }'
for line in "$@"; do
  found=$(mktemp)
  zpty -w z "found=$found; unsetopt automenu; LISTMAX=10000; bindkey '^I' list-choices; bindkey '^X' kill-whole-line; print rea''dy"
  zpty -r z out '*ready*'
  zpty -n -w z "$line"$'\t'
  zpty -n -w z $'\x18'
  zpty -w z "print do''ne"
  zpty -r z out '*done*'
  print -r -- "$line: $(sort -u $found | tr '\n' ' ')"
  rm -f $found
done
zpty -d z
