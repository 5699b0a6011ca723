-- Uses the language server by way of Neovim's own client, and writes the answers as JSON. EDITOR_TEST contains
-- { "command": […], "configuration": "editors/neovim/sluice.lua", "flow": "…/flows/order.yaml", "output": "…" }.
local WAIT_MS = 60000
local test = vim.fn.json_decode(vim.env.EDITOR_TEST)
local seen = {}

local function wait(what, condition)
  if not vim.wait(WAIT_MS, condition, 20) then
    error('waited in vain for ' .. what)
  end
end

--- Moves the cursor behind the n-th occurrence of a text.
local function go(text, nth)
  local count = 0
  for row, line in ipairs(vim.api.nvim_buf_get_lines(0, 0, -1, false)) do
    local from = 1
    while true do
      local start, finish = line:find(text, from, true)
      if not start then
        break
      end
      count = count + 1
      if count == (nth or 1) then
        vim.api.nvim_win_set_cursor(0, { row, finish })
        return
      end
      from = finish + 1
    end
  end
  error('the buffer does not contain ' .. text)
end

local function request(method, more)
  local params = vim.lsp.util.make_position_params(0, 'utf-16')
  for key, value in pairs(more or {}) do
    params[key] = value
  end
  local answers, problem = vim.lsp.buf_request_sync(0, method, params, WAIT_MS)
  if not answers then
    error(method .. ': ' .. tostring(problem))
  end
  for _, answer in pairs(answers) do
    return answer.result, answer.error or answer.err
  end
end

local function labels(result)
  local found = {}
  for _, item in ipairs(result.items or result) do
    table.insert(found, item.label)
  end
  return found
end

local function codes()
  local found = {}
  for _, one in ipairs(vim.diagnostic.get(0)) do
    table.insert(found, tostring(one.code or one.user_data.lsp.code))
  end
  table.sort(found)
  return found
end

local function has(list, wanted)
  for _, one in ipairs(list) do
    if one == wanted then
      return true
    end
  end
  return false
end

local function text()
  return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\n')
end

local function run()
  vim.cmd('filetype on')
  vim.g.sluice_command = test.command
  dofile(test.configuration)
  vim.cmd('edit ' .. vim.fn.fnameescape(test.flow))
  wait('the client', function()
    return next(vim.lsp.buf_get_clients(0)) ~= nil
  end)
  wait('the first diagnostics', function()
    return has(codes(), 'EVENT_NOBODY_TAKES')
  end)
  seen.diagnostics = codes()

  go('${{ steps.save')
  seen.hover = request('textDocument/hover').contents.value
  local found = request('textDocument/definition')
  seen.definition = found[1].range.start
  seen.references = #request('textDocument/references', { context = { includeDeclaration = true } })
  local lenses = request('textDocument/codeLens')
  seen.lens = lenses[1].command.title

  -- a line that is still being written
  go('emit: { type: order.saved, data:')
  local row = vim.api.nvim_win_get_cursor(0)[1]
  local line = vim.api.nvim_buf_get_lines(0, row - 1, row, false)[1]
  vim.api.nvim_buf_set_lines(0, row - 1, row, false, { "    emit: { type: order.saved, data: '${{ steps.save." })
  -- the cursor of the normal mode cannot stand behind the last character
  local position = { line = row - 1, character = #vim.api.nvim_buf_get_lines(0, row - 1, row, false)[1] }
  seen.completion = labels(request('textDocument/completion', { position = position }))
  wait('the diagnostics of the broken line', function()
    return has(codes(), 'YAML_QUOTE') or has(codes(), 'YAML_SYNTAX')
  end)
  vim.api.nvim_buf_set_lines(0, row - 1, row, false, { line })
  wait('the diagnostics of the corrected line', function()
    return vim.deep_equal(codes(), seen.diagnostics)
  end)

  go('$exists')
  vim.api.nvim_win_set_cursor(0, { vim.api.nvim_win_get_cursor(0)[1], vim.api.nvim_win_get_cursor(0)[2] + 1 })
  seen.signature = request('textDocument/signatureHelp').signatures[1].label

  go('id: save')
  local _, refused = request('textDocument/rename', { newName = 'saved' })
  seen.refused = refused and refused.message
  local edit = request('textDocument/rename', { newName = 'store' })
  vim.lsp.util.apply_workspace_edit(edit, 'utf-16')
  seen.renamed = text()
end

local ok, problem = pcall(run)
seen.problem = not ok and tostring(problem) or nil
local file = io.open(test.output, 'w')
file:write(vim.fn.json_encode(seen))
file:close()
vim.cmd('qall!')
